package dev.troupe.learner.ledger;

import dev.troupe.experience.TrajectoryId;

/**
 * A trajectory that will not be trained.
 *
 * @param reason why, for whoever reads the log
 * @param filtered with its group, whose rewards were all equal: nothing went wrong
 */
public record GivenUp(TrajectoryId id, String reason, boolean filtered) {}
