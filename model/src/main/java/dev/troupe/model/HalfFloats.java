package dev.troupe.model;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorLayout;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;

/** IEEE binary16 (F16) and bfloat16 (BF16) numbers, to float exactly and from float to the nearest even. */
public final class HalfFloats {
    private HalfFloats() {}

    /** F16 to float, exactly. */
    public static float fromF16(short half) {
        int sign = (half & 0x8000) << 16;
        int exponent = (half >> 10) & 0x1F;
        int fraction = half & 0x3FF;
        if (exponent == 0) {
            float tiny = fraction * 0x1.0p-24f;
            return sign == 0 ? tiny : -tiny;
        }
        int bits = exponent == 0x1F ? 0x7F800000 : (exponent + 112) << 23;
        return Float.intBitsToFloat(sign | bits | fraction << 13);
    }

    /** BF16 to float, exactly. */
    public static float fromBf16(short brain) {
        return Float.intBitsToFloat(brain << 16);
    }

    /** Float to F16, to the nearest, ties to even; beyond 65504 infinite. */
    public static short toF16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        int magnitude = bits & 0x7FFFFFFF;
        if (magnitude >= 0x47800000) { // 65536 and more, infinite or not a number
            return (short) (sign | 0x7C00 | (magnitude > 0x7F800000 ? 0x200 | (magnitude >> 13 & 0x3FF) : 0));
        }
        if (magnitude < 0x38800000) { // below 2^-14: steps of 2^-24
            return (short) (sign | (int) Math.rint(Float.intBitsToFloat(magnitude) * 0x1.0p24));
        }
        int rounded = magnitude + 0xFFF + (magnitude >> 13 & 1);
        return (short) (sign | (rounded - 0x38000000) >> 13);
    }

    /** Float to BF16, to the nearest, ties to even. */
    public static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7FFFFFFF) > 0x7F800000) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    /** Whether this is one of the types that weights come in: F32, F16 or BF16. */
    public static boolean isFloat(DataType dtype) {
        return dtype == DataType.DATA_TYPE_F32 || dtype == DataType.DATA_TYPE_F16 || dtype == DataType.DATA_TYPE_BF16;
    }

    /** The values of an F32, F16 or BF16 tensor as a new array. */
    public static float[] floats(HostTensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.elements())];
        ByteBuffer data = tensor.data();
        for (int i = 0; i < values.length; i++) {
            values[i] = at(data, tensor.dtype(), i);
        }
        return values;
    }

    /** Copies elements of an F32, F16 or BF16 tensor, as F32 in {@code to}'s byte order, to byte {@code at}. */
    static void widen(HostTensor from, int first, int count, ByteBuffer to, int at) {
        ByteBuffer data = from.data();
        if (from.dtype() == DataType.DATA_TYPE_F32 && to.order() == data.order()) {
            to.put(at, data, first * Float.BYTES, count * Float.BYTES);
            return;
        }
        for (int i = 0; i < count; i++) {
            to.putFloat(at + i * Float.BYTES, at(data, from.dtype(), first + i));
        }
    }

    private static float at(ByteBuffer data, DataType dtype, int i) {
        return switch (dtype) {
            case DATA_TYPE_F32 -> data.getFloat(i * Float.BYTES);
            case DATA_TYPE_F16 -> fromF16(data.getShort(i * Short.BYTES));
            case DATA_TYPE_BF16 -> fromBf16(data.getShort(i * Short.BYTES));
            default -> throw new IllegalArgumentException("a tensor of " + dtype + "; expected F32, F16 or BF16");
        };
    }

    /** The set with every tensor as {@code dtype} (F32, F16 or BF16); a tensor that is so already is shared. */
    public static TensorSet as(DataType dtype, TensorSet set) {
        Map<String, HostTensor> out = new LinkedHashMap<>();
        set.tensors().forEach((name, tensor) -> out.put(name, as(dtype, tensor)));
        return TensorSet.of(out);
    }

    /** The tensor as {@code dtype} (F32, F16 or BF16); shared when it is so already. */
    public static HostTensor as(DataType dtype, HostTensor tensor) {
        if (tensor.dtype() == dtype) {
            return tensor;
        }
        int count = Math.toIntExact(tensor.elements());
        ByteBuffer bytes = ByteBuffer.allocateDirect(Math.multiplyExact(count, TensorLayout.elementBytes(dtype)))
                .order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer data = tensor.data();
        for (int i = 0; i < count; i++) {
            float value = at(data, tensor.dtype(), i);
            switch (dtype) {
                case DATA_TYPE_F32 -> bytes.putFloat(value);
                case DATA_TYPE_F16 -> bytes.putShort(toF16(value));
                case DATA_TYPE_BF16 -> bytes.putShort(toBf16(value));
                default -> throw new IllegalArgumentException("to " + dtype + "; expected F32, F16 or BF16");
            }
        }
        return new HostTensor(dtype, tensor.shape(), bytes.flip());
    }
}
