package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Matrices in four bits a number with double quantisation (Dettmers et al. 2023, arXiv 2305.14314), to the bit as
 * bitsandbytes 0.50 makes them on a CPU: blocks of 64 numbers, row after row, each number the nearest of 16 quantiles
 * of a normal distribution times the block's largest magnitude; those magnitudes, less their mean, in eight bits over
 * runs of 256.
 */
final class Nf4 {
    /** Numbers that share a magnitude. */
    static final int BLOCK = 64;

    /** Magnitudes that share a scale. */
    static final int RUN = 256;

    /** The numbers that four bits stand for, ascending (QLoRA, appendix E). */
    static final float[] CODE = {
        -1.0f,
        -0.6961928009986877f,
        -0.5250730514526367f,
        -0.39491748809814453f,
        -0.28444138169288635f,
        -0.18477343022823334f,
        -0.09105003625154495f,
        0.0f,
        0.07958029955625534f,
        0.16093020141124725f,
        0.24611230194568634f,
        0.33791524171829224f,
        0.44070982933044434f,
        0.5626170039176941f,
        0.7229568362236023f,
        1.0f
    };

    /** The numbers that a magnitude's eight bits stand for, ascending. */
    static final float[] MAGNITUDE_CODE = magnitudeCode();

    /** bitsandbytes rounds a magnitude to one of so many even steps from -1 to 1 before it looks for a code. */
    private static final int STEPS = 65_536;

    private static final float HALF_STEPS = (STEPS - 1) / 2f;
    private static final byte[] CODE_OF_STEP = codeOfStep();

    /**
     * A matrix.
     *
     * @param packed two numbers a byte, the first in the high half
     * @param codes [blocks] of {@link #MAGNITUDE_CODE}
     * @param scales [runs] what a run's codes are multiplied by
     * @param offset mean of the magnitudes, added to each
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on, not compared
    record Matrix(ByteBuffer packed, ByteBuffer codes, float[] scales, float offset) {}

    private Nf4() {}

    /** Quantises the numbers of a matrix, row after row; their count must be a multiple of {@link #BLOCK}. */
    static Matrix quantize(FloatBuffer values) {
        int blocks = values.remaining() / BLOCK;
        ByteBuffer packed = ByteBuffer.allocateDirect(blocks * BLOCK / 2);
        float[] largest = new float[blocks];
        float[] block = new float[BLOCK];
        for (int b = 0; b < blocks; b++) {
            values.get(values.position() + b * BLOCK, block);
            largest[b] = largest(block, 0, BLOCK);
            float factor = reciprocal(largest[b]);
            for (int i = 0; i < BLOCK; i += 2) {
                int high = nearest(CODE, block[i] * factor);
                packed.put(b * BLOCK / 2 + i / 2, (byte) (high << 4 | nearest(CODE, block[i + 1] * factor)));
            }
        }
        return magnitudes(packed, largest);
    }

    private static Matrix magnitudes(ByteBuffer packed, float[] largest) {
        float offset = mean(largest);
        int runs = (largest.length + RUN - 1) / RUN;
        float[] scales = new float[runs];
        ByteBuffer codes = ByteBuffer.allocateDirect(largest.length);
        float[] rest = new float[largest.length];
        for (int i = 0; i < rest.length; i++) {
            rest[i] = largest[i] - offset;
        }
        for (int run = 0; run < runs; run++) {
            int end = Math.min(largest.length, (run + 1) * RUN);
            scales[run] = largest(rest, run * RUN, end);
            for (int i = run * RUN; i < end; i++) {
                float step = (rest[i] * reciprocal(scales[run]) + 1) * HALF_STEPS + 0.5f;
                codes.put(i, CODE_OF_STEP[Math.min(STEPS - 1, (int) step)]);
            }
        }
        return new Matrix(packed, codes, scales, offset);
    }

    /** Torch's mean, whose order of summing decides the last bit. */
    private static float mean(float[] values) {
        try (NDManager scope = Libtorch.scope();
                NDArray all = scope.create(values)) {
            return all.mean().getFloat();
        }
    }

    private static float largest(float[] values, int from, int to) {
        float most = 0;
        for (int i = from; i < to; i++) {
            most = Math.max(most, Math.abs(values[i]));
        }
        return most;
    }

    /** Numbers are multiplied by it, not divided; of zeros alone every number is 0. */
    private static float reciprocal(float largest) {
        return largest == 0 ? 0 : 1 / largest;
    }

    /** Place of the number nearest to v, the lower one of two as near. */
    private static int nearest(float[] ascending, float v) {
        int low = 0;
        int high = ascending.length - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (v > (ascending[middle] + ascending[middle + 1]) / 2) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private static byte[] codeOfStep() {
        byte[] codes = new byte[STEPS];
        for (int i = 0; i < STEPS; i++) {
            codes[i] = (byte) nearest(MAGNITUDE_CODE, i / HALF_STEPS - 1);
        }
        return codes;
    }

    /** bitsandbytes' dynamic map: a sign, an exponent of ten and a fraction share seven bits. */
    private static float[] magnitudeCode() {
        float[] code = new float[256];
        int n = 0;
        for (int exponent = 0; exponent < 7; exponent++) {
            int fractions = 1 << exponent;
            float scale = (float) Math.pow(10, exponent - 6);
            for (int i = 0; i < fractions; i++) {
                float mean = (boundary(i, fractions) + boundary(i + 1, fractions)) / 2;
                code[n++] = scale * mean;
                code[n++] = -scale * mean;
            }
        }
        code[n++] = 0;
        code[n] = 1;
        Arrays.sort(code);
        return code;
    }

    /** The i-th of parts + 1 numbers from 0.1 to 1 as torch.linspace rounds them: fused, from the nearer end. */
    private static float boundary(int i, int parts) {
        float step = (1 - 0.1f) / parts;
        return i < (parts + 1) / 2 ? Math.fma(step, i, 0.1f) : Math.fma(-step, parts - i, 1f);
    }

    /** [256][2]: the numbers that each byte holds. */
    static float[] pairs() {
        float[] pairs = new float[512];
        for (int b = 0; b < 256; b++) {
            pairs[2 * b] = CODE[b >> 4];
            pairs[2 * b + 1] = CODE[b & 15];
        }
        return pairs;
    }
}
