package dev.troupe.train.algorithm;

/**
 * DAPO's soft overlong punishment (Yu et al. 2025, arXiv 2503.14476, eq. 13): 0 up to {@code longest - cache} tokens,
 * from there falling to -1 at the longest.
 *
 * @param longest {@code max_new_tokens}
 * @param cache {@code soft_punish_cache}: tokens over which it falls; 0 is off
 */
public record Overlong(int longest, int cache) {
    public Overlong {
        Check.between("soft_punish_cache", cache, 0, longest);
    }

    /** What is added to the score of a completion of this length. */
    public double reward(int length) {
        if (cache == 0 || length <= longest - cache) {
            return 0;
        }
        return length <= longest ? (double) (longest - cache - length) / cache : -1;
    }
}
