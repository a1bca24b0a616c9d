package dev.troupe.train.optim;

import dev.troupe.model.CounterNoise;

/** Orders drawn from a counter: the same for the same (seed, step, epoch), whatever was drawn before. */
public final class Shuffle {
    /** Keeps these numbers apart from those that sample tokens under the same seed. */
    private static final long STREAM = 0x53687566666c6521L;

    private Shuffle() {}

    /** A permutation of 0 .. n-1 (Fisher-Yates). */
    public static int[] order(long seed, long step, int epoch, int n) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            order[i] = i;
        }
        for (int i = n - 1; i > 0; i--) {
            int j = (int) (CounterNoise.uniform(seed ^ STREAM, step, epoch, i) * (i + 1));
            int held = order[i];
            order[i] = order[j];
            order[j] = held;
        }
        return order;
    }
}
