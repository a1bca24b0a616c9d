package dev.troupe.proto;

import dev.troupe.proto.WireException.Code;
import dev.troupe.proto.v1.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A dense row-major tensor in host memory.
 *
 * @param dtype element type
 * @param shape dimensions; empty for a scalar
 * @param data exactly product(shape) x size(dtype) little-endian bytes from the buffer's position to its limit, direct
 *     or heap; shared, not copied
 */
@SuppressWarnings("ArrayRecordComponent") // shape is copied on the way in and compared by value
public record HostTensor(DataType dtype, long[] shape, ByteBuffer data) {

    /** @throws WireException TYPE or SHAPE when the three do not fit each other */
    public HostTensor {
        shape = shape.clone();
        data = data.slice().order(ByteOrder.LITTLE_ENDIAN);
        long expected = TensorLayout.byteSize(dtype, shape);
        if (expected != data.remaining()) {
            throw new WireException(
                    Code.SHAPE,
                    dtype + " " + Arrays.toString(shape) + " takes " + expected + " bytes, the data has "
                            + data.remaining());
        }
    }

    /** F32 tensor with a copy of these values; without a shape it is [values.length]. */
    public static HostTensor ofFloats(float[] values, long... shape) {
        ByteBuffer bytes = allocate(values.length, Float.BYTES);
        bytes.asFloatBuffer().put(values);
        return new HostTensor(DataType.DATA_TYPE_F32, shapeOr(values.length, shape), bytes);
    }

    /** I32 tensor with a copy of these values; without a shape it is [values.length]. */
    public static HostTensor ofInts(int[] values, long... shape) {
        ByteBuffer bytes = allocate(values.length, Integer.BYTES);
        bytes.asIntBuffer().put(values);
        return new HostTensor(DataType.DATA_TYPE_I32, shapeOr(values.length, shape), bytes);
    }

    /** I64 tensor with a copy of these values; without a shape it is [values.length]. */
    public static HostTensor ofLongs(long[] values, long... shape) {
        ByteBuffer bytes = allocate(values.length, Long.BYTES);
        bytes.asLongBuffer().put(values);
        return new HostTensor(DataType.DATA_TYPE_I64, shapeOr(values.length, shape), bytes);
    }

    private static ByteBuffer allocate(int elements, int size) {
        return ByteBuffer.allocate(Math.multiplyExact(elements, size)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static long[] shapeOr(int length, long[] shape) {
        return shape.length == 0 ? new long[] {length} : shape;
    }

    /** A copy of the dimensions. */
    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** The bytes, little-endian, position 0; a view of its own that shares the memory. */
    @Override
    public ByteBuffer data() {
        return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Number of elements. */
    public long elements() {
        return TensorLayout.elements(shape);
    }

    /** Number of bytes. */
    public int byteSize() {
        return data.capacity();
    }

    /**
     * A copy of the values.
     *
     * @throws WireException TYPE when this is not F32
     */
    public float[] floats() {
        require(DataType.DATA_TYPE_F32);
        float[] values = new float[data.capacity() / Float.BYTES];
        data().asFloatBuffer().get(values);
        return values;
    }

    /**
     * A copy of the values.
     *
     * @throws WireException TYPE when this is not I32
     */
    public int[] ints() {
        require(DataType.DATA_TYPE_I32);
        int[] values = new int[data.capacity() / Integer.BYTES];
        data().asIntBuffer().get(values);
        return values;
    }

    /**
     * A copy of the values.
     *
     * @throws WireException TYPE when this is not I64
     */
    public long[] longs() {
        require(DataType.DATA_TYPE_I64);
        long[] values = new long[data.capacity() / Long.BYTES];
        data().asLongBuffer().get(values);
        return values;
    }

    private void require(DataType expected) {
        if (dtype != expected) {
            throw new WireException(Code.TYPE, "a tensor of " + expected + " was expected, this is " + dtype);
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HostTensor that
                && dtype == that.dtype
                && Arrays.equals(shape, that.shape)
                && data().equals(that.data());
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(shape) + data().hashCode();
    }

    @Override
    public String toString() {
        return "HostTensor[" + dtype + " " + Arrays.toString(shape) + "]";
    }
}
