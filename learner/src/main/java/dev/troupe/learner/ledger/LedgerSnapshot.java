package dev.troupe.learner.ledger;

import java.util.List;

/**
 * The ledger in a checkpoint.
 *
 * @param version learner's version, the number of batches trained
 * @param outstanding what was running, finished or ready: issued again on resume
 */
public record LedgerSnapshot(long version, long issued, long trained, long dropped, List<Outstanding> outstanding) {
    public LedgerSnapshot {
        outstanding = List.copyOf(outstanding);
    }

    /** One trajectory that was neither trained nor dropped. */
    public record Outstanding(long draw, int sample, int attempt) {}
}
