package dev.troupe.train.update;

import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.OffPolicy;
import java.util.List;
import java.util.Map;

/** How far the proximal policy is from the one that sampled, where a correction tells the two apart. */
final class OffPolicyMetrics {
    private OffPolicyMetrics() {}

    /** Over tokens: mean and largest ratio of proximal to behaviour probability, and their KL by k1, nats a token. */
    static Map<String, Double> of(List<Experience> batch, OffPolicy offPolicy) {
        if (!offPolicy.recomputes()) {
            return Map.of();
        }
        double ratios = 0;
        double largest = 0;
        double kl = 0;
        long tokens = 0;
        for (Experience e : batch) {
            for (int t = 0; t < e.length(); t++) {
                double d = (double) e.proximalLogprobs()[t] - e.behaviourLogprobs()[t];
                ratios += Math.exp(d);
                largest = Math.max(largest, Math.exp(d));
                kl -= d;
                tokens++;
            }
        }
        return Map.of(
                "off_policy/ratio_mean", ratios / tokens,
                "off_policy/ratio_max", largest,
                "off_policy/kl", kl / tokens);
    }
}
