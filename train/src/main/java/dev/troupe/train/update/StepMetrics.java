package dev.troupe.train.update;

import java.util.Map;
import java.util.TreeMap;

/** Means of the metrics of a batch's optimizer steps. */
final class StepMetrics {
    private final Map<String, Double> sums = new TreeMap<>();
    private int steps;

    /** Adds an optimizer step. */
    void add(Map<String, Double> policy, Map<String, Double> value, double gradientNorm) {
        add("loss/policy_avg", policy);
        add("loss/value_avg", value);
        sums.merge("grad_norm", gradientNorm, Double::sum);
        steps++;
    }

    private void add(String lossName, Map<String, Double> statistics) {
        statistics.forEach((name, x) -> sums.merge(name.equals(MicroBatch.LOSS) ? lossName : name, x, Double::sum));
    }

    /** Whether an optimizer step was made. */
    boolean any() {
        return steps > 0;
    }

    /** The means. */
    Map<String, Double> means() {
        Map<String, Double> means = new TreeMap<>();
        sums.forEach((name, sum) -> means.put(name, sum / steps));
        return means;
    }
}
