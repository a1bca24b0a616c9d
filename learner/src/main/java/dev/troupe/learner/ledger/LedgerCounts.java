package dev.troupe.learner.ledger;

/**
 * What became of every trajectory ever issued; always {@code issued = trained + dropped + running + finished}.
 *
 * @param issued given out for the first time; issuing again after a loss counts once
 * @param running leased or waiting to be issued again: not yet acknowledged
 * @param finished acknowledged and not yet trained
 * @param trained part of a batch that made a version
 * @param dropped given up with a reason (its scorer failed, its lease ran out too often, the update was skipped, its
 *     group was filtered or had too few members left)
 */
public record LedgerCounts(long issued, long running, long finished, long trained, long dropped) {
    public LedgerCounts {
        if (issued != running + finished + trained + dropped) {
            throw new IllegalStateException("the ledger does not add up: issued " + issued + ", running " + running
                    + ", finished " + finished + ", trained " + trained + ", dropped " + dropped);
        }
    }
}
