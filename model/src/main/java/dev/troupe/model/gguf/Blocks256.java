package dev.troupe.model.gguf;

import static dev.troupe.model.gguf.Blocks32.half;

/**
 * Blocks of 256 numbers (K-quants and IQ4_XS): parts of 16 or 32 numbers with a small scale each, which one or two F16
 * numbers of the block multiply.
 */
final class Blocks256 {
    private Blocks256() {}

    /** 16 bytes of scale and minimum of 16 numbers, 64 bytes of four numbers, the block's scale and minimum. */
    static void q2(byte[] block, float[] values) {
        float scale = half(block, 80);
        float minimum = half(block, 82);
        for (int part = 0; part < 16; part++) {
            int packed = block[part];
            float step = scale * (packed & 15);
            float from = minimum * (packed >> 4 & 15);
            int shift = part % 8 / 2 * 2;
            int at = 16 + part / 8 * 32 + part % 2 * 16;
            for (int i = 0; i < 16; i++) {
                values[part * 16 + i] = step * (block[at + i] >> shift & 3) - from;
            }
        }
    }

    /**
     * 32 bytes of third bits (set: no -4), 64 bytes of four numbers, 12 bytes of 16 six-bit scales, the block's scale.
     */
    static void q3(byte[] block, float[] values) {
        float scale = half(block, 108);
        for (int part = 0; part < 16; part++) {
            int low = block[96 + part % 8] >> (part < 8 ? 0 : 4) & 15;
            int high = block[104 + part % 4] >> part / 4 * 2 & 3;
            float step = scale * ((low | high << 4) - 32);
            int shift = part % 8 / 2 * 2;
            int at = 32 + part / 8 * 32 + part % 2 * 16;
            for (int i = 0; i < 16; i++) {
                int third = block[part % 2 * 16 + i] >> part / 2 & 1;
                values[part * 16 + i] = step * ((block[at + i] >> shift & 3) - (third == 1 ? 0 : 4));
            }
        }
    }

    /** The block's scale and minimum, 12 bytes of 8 six-bit scales and minimums, 128 bytes of two numbers. */
    static void q4(byte[] block, float[] values) {
        for (int part = 0; part < 8; part++) {
            float step = half(block, 0) * scale(block, part);
            float from = half(block, 2) * minimum(block, part);
            int at = 16 + part / 2 * 32;
            for (int i = 0; i < 32; i++) {
                values[part * 32 + i] = step * (block[at + i] >> part % 2 * 4 & 15) - from;
            }
        }
    }

    /** As {@link #q4}, with 32 bytes of fifth bits before the numbers. */
    static void q5(byte[] block, float[] values) {
        for (int part = 0; part < 8; part++) {
            float step = half(block, 0) * scale(block, part);
            float from = half(block, 2) * minimum(block, part);
            int at = 48 + part / 2 * 32;
            for (int i = 0; i < 32; i++) {
                int fifth = (block[16 + i] >> part & 1) << 4;
                values[part * 32 + i] = step * (block[at + i] >> part % 2 * 4 & 15 | fifth) - from;
            }
        }
    }

    /** Scale of a part of {@link #q4}: the first four are six bits of a byte, the others are pieced together. */
    private static int scale(byte[] block, int part) {
        return part < 4 ? block[4 + part] & 63 : block[8 + part] & 15 | (block[part] >> 6 & 3) << 4;
    }

    private static int minimum(byte[] block, int part) {
        return part < 4 ? block[8 + part] & 63 : block[8 + part] >> 4 & 15 | (block[4 + part] >> 6 & 3) << 4;
    }

    /** 128 bytes of two numbers' low bits, 64 bytes of four numbers' high bits, 16 signed scales, the block's scale. */
    static void q6(byte[] block, float[] values) {
        float scale = half(block, 208);
        for (int part = 0; part < 16; part++) {
            float step = scale * block[192 + part];
            int inHalf = part % 8;
            int low = part / 8 * 64 + inHalf % 4 * 16;
            int high = 128 + part / 8 * 32 + inHalf % 2 * 16;
            for (int i = 0; i < 16; i++) {
                int number = block[low + i] >> inHalf / 4 * 4 & 15 | (block[high + i] >> inHalf / 2 * 2 & 3) << 4;
                values[part * 16 + i] = step * (number - 32);
            }
        }
    }

    /** The block's scale, 2 bytes and 4 bytes of 8 six-bit scales, 128 bytes of two codes of a step. */
    static void iq4(byte[] block, float[] values) {
        float scale = half(block, 0);
        int high = block[2] & 0xFF | (block[3] & 0xFF) << 8;
        for (int part = 0; part < 8; part++) {
            int low = block[4 + part / 2] >> part % 2 * 4 & 15;
            float step = scale * ((low | (high >> part * 2 & 3) << 4) - 32);
            for (int i = 0; i < 16; i++) {
                int two = block[8 + part * 16 + i];
                values[part * 32 + i] = step * Blocks32.step(two);
                values[part * 32 + 16 + i] = step * Blocks32.step(two >> 4);
            }
        }
    }
}
