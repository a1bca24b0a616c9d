package dev.troupe.model.gguf;

import dev.troupe.model.HalfFloats;

/**
 * Blocks of 32 numbers with one scale. Where four bits of a number are in one byte with another's, the byte's low half
 * is number i and its high half number i + 16.
 */
final class Blocks32 {
    private static final int HALF = 16;
    /** The sixteen steps of IQ4_NL and IQ4_XS. */
    private static final int[] STEPS = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

    private Blocks32() {}

    /** The F16 number at byte {@code at}. */
    static float half(byte[] block, int at) {
        return HalfFloats.fromF16((short) (block[at] & 0xFF | block[at + 1] << 8));
    }

    /** The step that a four-bit code of IQ4_NL or IQ4_XS stands for. */
    static int step(int code) {
        return STEPS[code & 15];
    }

    /** Scale, 16 bytes of two numbers from -8. */
    static void q4from8(byte[] block, float[] values) {
        float scale = half(block, 0);
        for (int i = 0; i < HALF; i++) {
            int two = block[2 + i];
            values[i] = scale * ((two & 15) - 8);
            values[i + HALF] = scale * ((two >> 4 & 15) - 8);
        }
    }

    /** Scale, minimum, 16 bytes of two numbers from 0. */
    static void q4(byte[] block, float[] values) {
        float scale = half(block, 0);
        float minimum = half(block, 2);
        for (int i = 0; i < HALF; i++) {
            int two = block[4 + i];
            values[i] = scale * (two & 15) + minimum;
            values[i + HALF] = scale * (two >> 4 & 15) + minimum;
        }
    }

    /** Scale, 32 fifth bits, 16 bytes of two numbers' other bits; from -16. */
    static void q5from16(byte[] block, float[] values) {
        float scale = half(block, 0);
        for (int i = 0; i < HALF; i++) {
            int two = block[6 + i];
            values[i] = scale * ((two & 15 | fifth(block, 2, i)) - 16);
            values[i + HALF] = scale * ((two >> 4 & 15 | fifth(block, 2, i + HALF)) - 16);
        }
    }

    /** Scale, minimum, 32 fifth bits, 16 bytes of two numbers' other bits. */
    static void q5(byte[] block, float[] values) {
        float scale = half(block, 0);
        float minimum = half(block, 2);
        for (int i = 0; i < HALF; i++) {
            int two = block[8 + i];
            values[i] = scale * (two & 15 | fifth(block, 4, i)) + minimum;
            values[i + HALF] = scale * (two >> 4 & 15 | fifth(block, 4, i + HALF)) + minimum;
        }
    }

    private static int fifth(byte[] block, int from, int i) {
        return (block[from + i / 8] >> i % 8 & 1) << 4;
    }

    /** Scale, 32 signed bytes. */
    static void q8(byte[] block, float[] values) {
        float scale = half(block, 0);
        for (int i = 0; i < values.length; i++) {
            values[i] = scale * block[2 + i];
        }
    }

    /** Scale, 16 bytes of two codes of a step. */
    static void iq4(byte[] block, float[] values) {
        float scale = half(block, 0);
        for (int i = 0; i < HALF; i++) {
            values[i] = scale * step(block[2 + i]);
            values[i + HALF] = scale * step(block[2 + i] >> 4);
        }
    }
}
