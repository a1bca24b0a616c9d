package dev.troupe.learner.ledger;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The ledger in a checkpoint.
 *
 * @param version learner's version, the number of batches trained
 * @param filtered groups dropped because their rewards were equal
 * @param shortened groups trained with fewer members than were sampled
 * @param outstanding what was running, finished or ready, issued again on resume; and the dropped members of groups
 *     that are still open
 */
public record LedgerSnapshot(
        long version,
        long issued,
        long trained,
        long dropped,
        long filtered,
        long shortened,
        List<Outstanding> outstanding) {
    public LedgerSnapshot {
        outstanding = List.copyOf(outstanding);
    }

    /**
     * One trajectory that was not trained.
     *
     * @param lostAt nodes at which its lease ran out
     * @param dropped given up, while its group may still be trained
     */
    public record Outstanding(long draw, int sample, int attempt, List<String> lostAt, boolean dropped) {
        /** A checkpoint of before there were groups has neither of the last two. */
        public Outstanding(long draw, int sample, int attempt, @Nullable List<String> lostAt, boolean dropped) {
            this.draw = draw;
            this.sample = sample;
            this.attempt = attempt;
            this.lostAt = lostAt == null ? List.of() : List.copyOf(lostAt);
            this.dropped = dropped;
        }
    }
}
