package dev.troupe.learner.run;

import dev.troupe.learner.ledger.GroupRules;
import dev.troupe.train.algorithm.Needs;
import java.time.Duration;

/**
 * What an online run is, apart from its algorithm.
 *
 * @param needs of the algorithm
 * @param steps of the whole run
 * @param prompts a step
 * @param generations completions of each prompt
 * @param dynamicSampling groups with equal rewards are left out and other prompts drawn
 * @param eta staleness bound
 * @param seed of the sampling noise
 * @param temperature of the sampling
 * @param rolloutDeadline how long one trajectory may be sampled
 * @param scoringBatch rows of a request to the reference and value actors
 * @param rewardBatch rows of a request to the reward actors
 * @param scoringDeadline for one answer of a scorer
 * @param parityRows trajectories compared a step
 * @param checkpointEvery steps between checkpoints; 0 for the last only
 * @param waitDeadline how long the learner waits for experience before the run fails
 */
public record LearnerPlan(
        Needs needs,
        long steps,
        int prompts,
        int generations,
        boolean dynamicSampling,
        int eta,
        long seed,
        double temperature,
        Duration rolloutDeadline,
        int scoringBatch,
        int rewardBatch,
        Duration scoringDeadline,
        int parityRows,
        int checkpointEvery,
        Duration waitDeadline) {

    /** What the algorithm asks of the completions of one prompt. */
    public GroupRules groups() {
        return new GroupRules(needs.groups(), needs.leastMembers(), dynamicSampling);
    }

    /** Trajectories a step: B. */
    public int batch() {
        return prompts * generations;
    }
}
