package dev.troupe.proto;

import dev.troupe.proto.WireException.Code;
import dev.troupe.proto.v1.DataType;
import java.util.Arrays;

/** How many bytes a dense tensor takes. Every size is checked here before anything is allocated for it. */
public final class TensorLayout {
    /** Most dimensions a tensor may have. */
    public static final int MAX_RANK = 8;

    private TensorLayout() {}

    /**
     * Bytes of one element.
     *
     * @throws WireException TYPE for an unspecified or unknown data type
     */
    public static int elementBytes(DataType dtype) {
        return switch (dtype) {
            case DATA_TYPE_F32, DATA_TYPE_I32 -> 4;
            case DATA_TYPE_F16, DATA_TYPE_BF16 -> 2;
            case DATA_TYPE_I64 -> 8;
            case DATA_TYPE_U8 -> 1;
            default -> throw new WireException(Code.TYPE, "a tensor of data type " + dtype);
        };
    }

    /**
     * Number of elements, safe against overflow; 1 for a scalar (empty shape).
     *
     * @throws WireException SHAPE for a negative dimension, a rank above {@link #MAX_RANK} or a product beyond 2^63
     */
    public static long elements(long... shape) {
        if (shape.length > MAX_RANK) {
            throw new WireException(Code.SHAPE, "rank " + shape.length + ", at most " + MAX_RANK + " is allowed");
        }
        long product = 1;
        boolean empty = false;
        try {
            for (long dimension : shape) {
                if (dimension < 0) {
                    throw new WireException(Code.SHAPE, "dimension out of range in " + Arrays.toString(shape));
                }
                if (dimension == 0) {
                    empty = true;
                } else {
                    product = Math.multiplyExact(product, dimension);
                }
            }
        } catch (ArithmeticException overflow) {
            throw new WireException(Code.SHAPE, "shape " + Arrays.toString(shape) + " overflows", overflow);
        }
        return empty ? 0 : product;
    }

    /**
     * Bytes of a dense tensor, safe against overflow.
     *
     * @throws WireException TYPE or SHAPE
     */
    public static long byteSize(DataType dtype, long... shape) {
        int size = elementBytes(dtype);
        long elements = elements(shape);
        if (elements > Long.MAX_VALUE / size) {
            throw new WireException(Code.SHAPE, "shape " + Arrays.toString(shape) + " overflows");
        }
        return elements * size;
    }
}
