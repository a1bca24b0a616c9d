package dev.troupe.model;

/**
 * Random numbers as a function of a counter (Philox4x32-10, Salmon et al. 2011): the noise of a token depends on
 * nothing but its key, so a completion can be drawn again anywhere, in any order, beside any neighbours.
 */
public final class CounterNoise {
    private static final int MULTIPLIER_0 = 0xD2511F53;
    private static final int MULTIPLIER_1 = 0xCD9E8D57;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final int ROUNDS = 10;

    private CounterNoise() {}

    /**
     * A number strictly between 0 and 1, a multiple of 2^-53.
     *
     * @param seed the run's seed
     * @param draw the prompt's draw number in the ledger
     * @param sample which completion of the prompt
     * @param position which token of the completion
     */
    public static double uniform(long seed, long draw, int sample, int position) {
        int[] block = {position, sample, (int) draw, (int) (draw >>> 32)};
        philox(block, (int) seed, (int) (seed >>> 32));
        long bits = (((long) block[0] & 0xFFFFFFFFL) << 20) | (block[1] >>> 12);
        return (2 * bits + 1) * 0x1.0p-53;
    }

    /** Ten rounds over the four words of the counter, in place. */
    static void philox(int[] counter, int key0, int key1) {
        int c0 = counter[0];
        int c1 = counter[1];
        int c2 = counter[2];
        int c3 = counter[3];
        int k0 = key0;
        int k1 = key1;
        for (int round = 0; round < ROUNDS; round++) {
            long p0 = (MULTIPLIER_0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
            long p1 = (MULTIPLIER_1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
            c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            c1 = (int) p1;
            c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c3 = (int) p0;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        counter[0] = c0;
        counter[1] = c1;
        counter[2] = c2;
        counter[3] = c3;
    }
}
