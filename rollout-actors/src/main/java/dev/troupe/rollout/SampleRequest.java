package dev.troupe.rollout;

import dev.troupe.experience.TrajectoryId;

/**
 * One completion to sample, or to hand back as it is given.
 *
 * @param id names the completion and, with the seed, its noise
 * @param attempt how often it has been issued, this time included
 * @param seed of the run's sampling noise
 * @param prompt token ids; not copied, so not to be changed
 * @param maxNewTokens length at which it ends, at least 1
 * @param deadlineNanos {@link System#nanoTime} at which it ends; {@link #NO_DEADLINE} for never
 * @param given the completion's tokens, of which no more than maxNewTokens count; empty where it is sampled
 */
public record SampleRequest(
        TrajectoryId id, int attempt, long seed, int[] prompt, int maxNewTokens, long deadlineNanos, int[] given) {
    /** For requests that may take as long as they need. */
    public static final long NO_DEADLINE = Long.MAX_VALUE;

    /** Checks the numbers. */
    public SampleRequest {
        if (prompt.length < 1) {
            throw new IllegalArgumentException("prompt of completion " + id + " has no tokens, not even a first one");
        }
        if (maxNewTokens < 1) {
            throw new IllegalArgumentException("max_new_tokens = " + maxNewTokens + ": expected at least 1");
        }
    }

    /** To be sampled. */
    public SampleRequest(TrajectoryId id, int attempt, long seed, int[] prompt, int maxNewTokens, long deadlineNanos) {
        this(id, attempt, seed, prompt, maxNewTokens, deadlineNanos, new int[0]);
    }

    /** A first attempt without a deadline. */
    public static SampleRequest of(TrajectoryId id, long seed, int[] prompt, int maxNewTokens) {
        return new SampleRequest(id, 1, seed, prompt, maxNewTokens, NO_DEADLINE);
    }
}
