package dev.troupe.train.algorithm;

import org.jspecify.annotations.Nullable;

/**
 * What an algorithm needs of its trajectories.
 *
 * @param reference log-probabilities under the reference
 * @param value values of a value model, which is trained beside the policy
 * @param groups all completions of a prompt are trained in one step, and in one optimizer step
 * @param leastMembers completions that must be left of a group if some are dropped; 1 without groups
 * @param pairs the loss sees two completions of a prompt at once, so a group is never cut, not even for memory
 * @param wholeCompletions the loss weighs whole completions, so a correction for stale samples must too
 * @param teacher what is asked of a teacher, null without one; the loss sees divergences then, and no ratio
 */
public record Needs(
        boolean reference,
        boolean value,
        boolean groups,
        int leastMembers,
        boolean pairs,
        boolean wholeCompletions,
        @Nullable Distillation teacher) {

    /** Trajectories on their own. */
    public static Needs single(boolean reference, boolean value) {
        return new Needs(reference, value, false, 1, false, false, null);
    }

    /** Groups of at least two. */
    public static Needs inGroups(boolean reference, boolean wholeCompletions) {
        return new Needs(reference, false, true, 2, false, wholeCompletions, null);
    }

    /** Trajectories on their own, with a teacher's distributions. */
    public static Needs teacher(Distillation teacher) {
        return new Needs(false, false, false, 1, false, false, teacher);
    }

    /** Groups of exactly two. */
    public static Needs twos() {
        return new Needs(true, false, true, 2, true, true, null);
    }
}
