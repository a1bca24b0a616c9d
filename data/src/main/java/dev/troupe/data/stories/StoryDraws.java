package dev.troupe.data.stories;

import java.util.SplittableRandom;

/**
 * Stories by number: the n-th depends on (seed, side, n) alone, so a reader may stop at any draw and go on later, and
 * several may draw at once. Immutable.
 */
public final class StoryDraws {
    /** One in sixteen fits the rarer side, so this many misses mean a broken grammar, not bad luck. */
    private static final int MOST_TRIES = 10_000;

    private final StoryGrammar grammar;
    private final long seed;
    private final Split split;

    public StoryDraws(StoryGrammar grammar, long seed, Split split) {
        this.grammar = grammar;
        this.seed = seed;
        this.split = split;
    }

    /** The opening of the n-th story. */
    public String opening(long n) {
        return grammar.opening(openingRandom(n));
    }

    /** The n-th story. */
    public Story story(long n) {
        return story(n, 0);
    }

    /** One of many stories with the n-th opening; variant 0 is {@link #story(long)}. */
    public Story story(long n, int variant) {
        SplittableRandom rest = random(n, 1 + variant);
        return grammar.continued(openingRandom(n), rest);
    }

    /** The first state whose opening lies on this side. */
    private SplittableRandom openingRandom(long n) {
        for (int attempt = 0; attempt < MOST_TRIES; attempt++) {
            if (Split.of(grammar.opening(random(n, -1 - attempt))) == split) {
                return random(n, -1 - attempt);
            }
        }
        throw new IllegalStateException(
                "no opening of side " + split + " among " + MOST_TRIES + " draws: the grammar has too few openings");
    }

    private SplittableRandom random(long n, long stream) {
        return new SplittableRandom(mix(mix(mix(seed) + split.ordinal()) + n) + mix(stream));
    }

    /** SplitMix64's finaliser: neighbours in, strangers out. */
    private static long mix(long z) {
        long x = z + 0x9E3779B97F4A7C15L;
        x = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
        x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
        return x ^ (x >>> 31);
    }
}
