package dev.troupe.model.gguf;

import dev.troupe.model.Rope;
import org.jspecify.annotations.Nullable;

/**
 * Llama 3's stretching as a GGUF file has it: what each frequency is divided by. The file holds only what comes out of
 * the four numbers; they are found again, so that a folder can be written.
 */
final class Llama3Factors {
    /** What Llama 3 models have besides the factor. */
    private static final double LOW_FREQUENCY = 1;

    private static final double HIGH_FREQUENCY = 4;
    private static final int[] ORIGINAL_POSITIONS = {
        8192, 32, 64, 128, 256, 512, 1024, 2048, 4096, 16384, 32768, 65536, 131072
    };

    private Llama3Factors() {}

    /** What each frequency of the rope is divided by, headDim / 2 numbers. */
    static float[] of(Rope rope, int headDim) {
        float[] plain = Rope.of(rope.theta()).inverseFrequencies(headDim);
        float[] stretched = rope.inverseFrequencies(headDim);
        for (int i = 0; i < plain.length; i++) {
            plain[i] /= stretched[i];
        }
        return plain;
    }

    /** The numbers that give these divisors, or null where none do. */
    static Rope.@Nullable Llama3 recognise(double theta, float[] divisors) {
        double largest = 0;
        for (float divisor : divisors) {
            largest = Math.max(largest, divisor);
        }
        for (int original : ORIGINAL_POSITIONS) {
            Rope.Llama3 candidate = new Rope.Llama3(largest, LOW_FREQUENCY, HIGH_FREQUENCY, original);
            if (near(of(new Rope(theta, candidate, 1), 2 * divisors.length), divisors)) {
                return candidate;
            }
        }
        return null;
    }

    private static boolean near(float[] expected, float[] found) {
        boolean same = true;
        for (int i = 0; same && i < found.length; i++) {
            same = Math.abs(expected[i] - found[i]) <= 1e-4 * Math.abs(expected[i]);
        }
        return same;
    }
}
