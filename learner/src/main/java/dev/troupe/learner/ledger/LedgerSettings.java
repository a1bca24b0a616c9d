package dev.troupe.learner.ledger;

import java.time.Duration;

/**
 * @param seed of the run's sampling noise
 * @param deadline how long a rollout may sample one trajectory
 * @param leaseExpiry after which a lease counts as lost: the deadline and time to send
 * @param epoch of the learner, one for each of its starts
 * @param versionsKept how many published versions trajectories may still name
 * @param mostUnscoredInARow after so many trajectories without a score, and no group with all of its own between them,
 *     the run is given up
 */
public record LedgerSettings(
        long seed, Duration deadline, Duration leaseExpiry, long epoch, int versionsKept, int mostUnscoredInARow) {}
