package dev.troupe.learner.experience;

/**
 * What the reference, reward and value actors said of a trajectory; empty where the algorithm does not ask.
 *
 * @param reference log-probabilities of the completion's tokens under the frozen reference, [completion]
 * @param reward score of the whole completion
 * @param values of the states before each completion token and after the last, [completion + 1]
 * @param valueVersion version of the value model that answered
 */
public record Scores(float[] reference, float reward, float[] values, long valueVersion) {}
