package dev.troupe.learner.ledger;

/**
 * What became of a run's groups, beside {@link LedgerCounts}.
 *
 * @param filtered dropped because all their rewards were equal; their members count as dropped
 * @param shortened trained with fewer members than were sampled
 */
public record GroupCounts(long filtered, long shortened) {}
