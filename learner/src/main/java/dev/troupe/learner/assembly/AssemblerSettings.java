package dev.troupe.learner.assembly;

import dev.troupe.train.algorithm.Needs;
import java.time.Duration;

/**
 * @param needs what a trajectory must be given; nobody else is asked
 * @param batch rows of a request to the reference and value actors
 * @param rewardBatch rows of a request to the reward actors
 * @param temperature of the policy's sampling; the reference's log-probabilities are taken at the same one
 * @param deadline for one answer
 * @param attempts requests for the same rows before they are given up
 * @param linger how long rows wait for the others of their request; zero waits for all of them, so that the same rows
 *     are always scored together and a run without staleness repeats itself to the bit
 */
public record AssemblerSettings(
        Needs needs,
        int batch,
        int rewardBatch,
        double temperature,
        Duration deadline,
        int attempts,
        Duration linger) {}
