package dev.troupe.deploy.bench;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Made-up work of a fixed shape, the same for the same seed. */
final class Workload {
    /** The ids below are special tokens in every tokenizer that the peers are measured with. */
    private static final int FIRST_ID = 4;

    private Workload() {}

    /** Random prompts of one length. */
    static int[][] prompts(int rows, int length, int vocabulary, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[][] prompts = new int[rows][];
        for (int r = 0; r < rows; r++) {
            prompts[r] = random.ints(length, FIRST_ID, vocabulary).toArray();
        }
        return prompts;
    }

    /** The middle value, the mean of the two middle ones when there are as many above as below. */
    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    static double round(double value, int digits) {
        double scale = Math.pow(10, digits);
        return Math.rint(value * scale) / scale;
    }
}
