package dev.troupe.learner.ppo;

import java.util.Map;
import java.util.TreeMap;

/**
 * Means over an update's optimizer steps, defined as TRL defines them: approxkl and ratio are plain means over rows x
 * width, padding included (it counts as log-ratio 0 and ratio 1); clip fractions over tokens and states. Entropy is the
 * mean over tokens.
 */
final class StepMetrics {
    private final int width;
    private final Map<String, Double> sums = new TreeMap<>();
    private int steps;

    StepMetrics(int width) {
        this.width = width;
    }

    /** Adds an optimizer step, from the sums of its losses' statistics. */
    void add(MiniBatch mini, double[] policy, double[] value, double gradientNorm) {
        add(mini.rows(), mini.tokens(), mini.states(), policy, value);
        sums.merge("grad_norm", gradientNorm, Double::sum);
    }

    /** As above, from the counts alone. */
    void add(int rows, int tokens, int states, double[] policy, double[] value) {
        double cells = (double) rows * width;
        sums.merge("loss/policy_avg", policy[PpoLoss.LOSS], Double::sum);
        sums.merge("loss/value_avg", value[PpoLoss.LOSS], Double::sum);
        sums.merge("policy/clipfrac_avg", policy[PpoLoss.CLIPPED] / tokens, Double::sum);
        sums.merge("val/clipfrac_avg", value[PpoLoss.CLIPPED] / states, Double::sum);
        sums.merge("policy/approxkl_avg", 0.5 * policy[PpoLoss.SQUARED_LOG_RATIO] / cells, Double::sum);
        sums.merge("val/ratio", (policy[PpoLoss.RATIO] + cells - tokens) / cells, Double::sum);
        sums.merge("policy/entropy_avg", policy[PpoLoss.ENTROPY] / tokens, Double::sum);
        steps++;
    }

    /** The means. */
    Map<String, Double> means() {
        Map<String, Double> means = new TreeMap<>();
        sums.forEach((name, sum) -> means.put(name, sum / steps));
        return means;
    }
}
