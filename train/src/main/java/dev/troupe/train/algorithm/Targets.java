package dev.troupe.train.algorithm;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What an update aims at, computed once from a batch of B trajectories with n tokens each.
 *
 * @param advantages [B][n]
 * @param states for algorithms with a value model: what it is to learn
 * @param sides [B] for pairs: 1 chosen, -1 rejected; empty for the others
 * @param metrics of the batch by their final names
 */
public record Targets(double[][] advantages, Optional<States> states, int[] sides, Map<String, Double> metrics) {

    /**
     * States of the trajectories.
     *
     * @param values [B][states] the old values
     * @param returns [B][states] what they should have been
     */
    public record States(double[][] values, double[][] returns) {}

    public Targets {
        metrics = Map.copyOf(metrics);
    }

    /** One advantage for all tokens of a completion. */
    public static Targets ofCompletions(List<Experience> batch, double[] advantages, Map<String, Double> metrics) {
        double[][] each = new double[batch.size()][];
        for (int r = 0; r < each.length; r++) {
            each[r] = new double[batch.get(r).length()];
            Arrays.fill(each[r], advantages[r]);
        }
        return new Targets(each, Optional.empty(), new int[0], metrics);
    }
}
