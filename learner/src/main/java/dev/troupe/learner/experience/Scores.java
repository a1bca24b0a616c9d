package dev.troupe.learner.experience;

import dev.troupe.model.SoftTargets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the reference, reward and value actors and the teacher said of a trajectory; empty where the algorithm does not
 * ask.
 *
 * @param reference log-probabilities of the completion's tokens under the frozen reference, [completion]
 * @param reward score of the whole completion
 * @param rewards what the reward comes from, by name: several scores before their weights, or the one itself
 * @param values of the states before each completion token and after the last, [completion + 1]
 * @param valueVersion version of the value model that answered
 * @param teacher the teacher's distributions before each of the completion's tokens, or null
 */
public record Scores(
        float[] reference,
        float reward,
        Map<String, Float> rewards,
        float[] values,
        long valueVersion,
        @Nullable SoftTargets teacher) {}
