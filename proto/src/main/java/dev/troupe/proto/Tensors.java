package dev.troupe.proto;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.troupe.proto.WireException.Code;
import dev.troupe.proto.v1.DataType;
import dev.troupe.proto.v1.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Between wire tensors and Java arrays. Reading verifies element type, shape, size and CRC-32C before it allocates
 * anything; the vectors of a token batch are tensors of rank 1.
 */
public final class Tensors {
    private Tensors() {}

    /** I32 [values.length]. */
    public static Tensor ofInts(int... values) {
        return of(HostTensor.ofInts(values, values.length));
    }

    /** F32 [values.length]. */
    public static Tensor ofFloats(float... values) {
        return of(HostTensor.ofFloats(values, values.length));
    }

    /** I64 [values.length]. */
    public static Tensor ofLongs(long... values) {
        return of(HostTensor.ofLongs(values, values.length));
    }

    /**
     * The wire form of a host tensor. A direct buffer is copied; a heap array is shared and must not change any more.
     */
    public static Tensor of(HostTensor tensor) {
        ByteBuffer data = tensor.data();
        ByteString bytes = data.hasArray() ? UnsafeByteOperations.unsafeWrap(data) : ByteString.copyFrom(data);
        Tensor.Builder wire =
                Tensor.newBuilder().setDtype(tensor.dtype()).setData(bytes).setCrc32C(crc32c(bytes));
        for (long dimension : tensor.shape()) {
            wire.addShape(dimension);
        }
        return wire.build();
    }

    /**
     * Values of an I32 vector.
     *
     * @throws WireException TYPE, SHAPE or CHECKSUM
     */
    public static int[] ints(Tensor tensor) {
        int[] values = new int[vector(tensor, DataType.DATA_TYPE_I32)];
        little(tensor).asIntBuffer().get(values);
        return values;
    }

    /**
     * Values of an F32 vector.
     *
     * @throws WireException TYPE, SHAPE or CHECKSUM
     */
    public static float[] floats(Tensor tensor) {
        float[] values = new float[vector(tensor, DataType.DATA_TYPE_F32)];
        little(tensor).asFloatBuffer().get(values);
        return values;
    }

    /**
     * Values of an I64 vector.
     *
     * @throws WireException TYPE, SHAPE or CHECKSUM
     */
    public static long[] longs(Tensor tensor) {
        long[] values = new long[vector(tensor, DataType.DATA_TYPE_I64)];
        little(tensor).asLongBuffer().get(values);
        return values;
    }

    /**
     * A tensor of any type and rank; its data shares the message's memory and is read-only.
     *
     * @throws WireException TYPE, SHAPE or CHECKSUM
     */
    public static HostTensor host(Tensor tensor) {
        verify(tensor);
        return new HostTensor(tensor.getDtype(), shape(tensor), little(tensor));
    }

    /**
     * Checks element type, shape, size and CRC-32C.
     *
     * @throws WireException TYPE, SHAPE or CHECKSUM
     */
    public static void verify(Tensor tensor) {
        long expected = TensorLayout.byteSize(tensor.getDtype(), shape(tensor));
        if (expected != tensor.getData().size()) {
            throw new WireException(
                    Code.SHAPE,
                    tensor.getDtype() + " " + tensor.getShapeList() + " takes " + expected + " bytes, the message has "
                            + tensor.getData().size());
        }
        int found = crc32c(tensor.getData());
        if (found != tensor.getCrc32C()) {
            throw new WireException(
                    Code.CHECKSUM,
                    "CRC-32C of a tensor is " + Integer.toHexString(found) + ", the message says "
                            + Integer.toHexString(tensor.getCrc32C()));
        }
    }

    /** CRC-32C of these bytes. */
    public static int crc32c(ByteString bytes) {
        CRC32C crc = new CRC32C();
        for (ByteBuffer piece : bytes.asReadOnlyByteBufferList()) {
            crc.update(piece);
        }
        return (int) crc.getValue();
    }

    /** Verifies a vector and gives its length. */
    static int vector(Tensor tensor, DataType dtype) {
        if (tensor.getDtype() != dtype) {
            throw new WireException(
                    Code.TYPE, "a tensor of " + dtype + " was expected, the message has " + tensor.getDtype());
        }
        if (tensor.getShapeCount() != 1) {
            throw new WireException(
                    Code.SHAPE, "a vector was expected, the message has rank " + tensor.getShapeCount());
        }
        verify(tensor);
        return (int) tensor.getShape(0);
    }

    /** Verifies a matrix with at least one row and column. */
    static void matrix(Tensor tensor, DataType dtype) {
        if (tensor.getDtype() != dtype) {
            throw new WireException(
                    Code.TYPE, "a tensor of " + dtype + " was expected, the message has " + tensor.getDtype());
        }
        if (tensor.getShapeCount() != 2 || tensor.getShape(0) == 0 || tensor.getShape(1) == 0) {
            throw new WireException(
                    Code.SHAPE, "a matrix was expected, the message has shape " + tensor.getShapeList());
        }
        verify(tensor);
    }

    private static long[] shape(Tensor tensor) {
        int rank = tensor.getShapeCount();
        if (rank > TensorLayout.MAX_RANK) {
            throw new WireException(Code.SHAPE, "rank " + rank + ", at most " + TensorLayout.MAX_RANK + " is allowed");
        }
        long[] shape = new long[rank];
        for (int i = 0; i < rank; i++) {
            shape[i] = tensor.getShape(i);
        }
        return shape;
    }

    private static ByteBuffer little(Tensor tensor) {
        return tensor.getData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }
}
