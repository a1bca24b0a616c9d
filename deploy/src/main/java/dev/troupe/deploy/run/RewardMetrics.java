package dev.troupe.deploy.run;

import dev.troupe.learner.experience.ScoredTrajectory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** {@code rewards/NAME/mean} and {@code rewards/NAME/std} of a step: each reward by itself, before weights. */
final class RewardMetrics {
    private RewardMetrics() {}

    /** As TRL counts them: the deviation is the sample's (n - 1), of a single trajectory none (NaN). */
    static Map<String, Double> of(List<ScoredTrajectory> batch) {
        Map<String, double[]> sums = new LinkedHashMap<>();
        for (ScoredTrajectory t : batch) {
            t.scores().rewards().forEach((name, score) -> {
                double[] sum = sums.computeIfAbsent(name, n -> new double[2]);
                sum[0]++;
                sum[1] += score;
            });
        }
        Map<String, Double> metrics = new LinkedHashMap<>();
        sums.forEach((name, sum) -> {
            double mean = sum[1] / sum[0];
            double squares = batch.stream()
                    .map(t -> t.scores().rewards().get(name))
                    .mapToDouble(score -> score == null ? 0 : (score - mean) * (score - mean))
                    .sum();
            metrics.put("rewards/" + name + "/mean", mean);
            metrics.put("rewards/" + name + "/std", Math.sqrt(squares / (sum[0] - 1)));
        });
        return metrics;
    }
}
