package dev.troupe.model.gguf;

import dev.troupe.model.HalfFloats;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Quantised blocks to floats and back, with the float operations of llama.cpp's reference, so that the numbers are the
 * same to the bit.
 */
final class GgufBlocks {
    private static final int BLOCK = 32;

    private GgufBlocks() {}

    /** The numbers of whole blocks as F32, in a direct little-endian buffer. */
    static ByteBuffer floats(GgufType type, ByteBuffer blocks) {
        ByteBuffer in = blocks.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int count = in.remaining() / type.bytes();
        ByteBuffer out = ByteBuffer.allocateDirect(Math.multiplyExact(count, type.block() * Float.BYTES))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int b = 0; b < count; b++) {
            int at = in.position() + b * type.bytes();
            int to = b * type.block() * Float.BYTES;
            switch (type) {
                case Q8_0 -> bytes(in, at, out, to);
                case Q4_0 -> nibbles(in, at, out, to);
                case Q4_1 -> nibblesFromMinimum(in, at, out, to);
                default -> throw new IllegalArgumentException(type + " is not quantised");
            }
        }
        return out;
    }

    private static void bytes(ByteBuffer in, int at, ByteBuffer out, int to) {
        float scale = HalfFloats.fromF16(in.getShort(at));
        for (int i = 0; i < BLOCK; i++) {
            out.putFloat(to + i * Float.BYTES, scale * in.get(at + 2 + i));
        }
    }

    private static void nibbles(ByteBuffer in, int at, ByteBuffer out, int to) {
        float scale = HalfFloats.fromF16(in.getShort(at));
        for (int i = 0; i < BLOCK / 2; i++) {
            int two = in.get(at + 2 + i);
            out.putFloat(to + i * Float.BYTES, scale * ((two & 15) - 8));
            out.putFloat(to + (i + BLOCK / 2) * Float.BYTES, scale * ((two >> 4 & 15) - 8));
        }
    }

    private static void nibblesFromMinimum(ByteBuffer in, int at, ByteBuffer out, int to) {
        float scale = HalfFloats.fromF16(in.getShort(at));
        float minimum = HalfFloats.fromF16(in.getShort(at + 2));
        for (int i = 0; i < BLOCK / 2; i++) {
            int two = in.get(at + 4 + i);
            out.putFloat(to + i * Float.BYTES, scale * (two & 15) + minimum);
            out.putFloat(to + (i + BLOCK / 2) * Float.BYTES, scale * (two >> 4 & 15) + minimum);
        }
    }

    /** Floats to Q8_0: each block's scale is its largest magnitude / 127, numbers round half away from zero. */
    static ByteBuffer toQ8(float[] values) {
        if (values.length % BLOCK != 0) {
            throw new IllegalArgumentException(values.length + " numbers; Q8_0 has blocks of " + BLOCK);
        }
        ByteBuffer out = ByteBuffer.allocateDirect(values.length / BLOCK * GgufType.Q8_0.bytes())
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int from = 0; from < values.length; from += BLOCK) {
            float largest = 0;
            for (int i = 0; i < BLOCK; i++) {
                largest = Math.max(largest, Math.abs(values[from + i]));
            }
            float scale = largest / 127;
            float inverse = scale == 0 ? 0 : 1 / scale;
            out.putShort(HalfFloats.toF16(scale));
            for (int i = 0; i < BLOCK; i++) {
                float x = values[from + i] * inverse;
                out.put((byte) (x < 0 ? -Math.floor(-x + 0.5) : Math.floor(x + 0.5)));
            }
        }
        return out.flip();
    }
}
