package dev.troupe.train.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.train.golden.Golden;
import java.util.Objects;
import java.util.Set;

/** What the golden cases of grouped algorithms have in common. */
final class Rewards {
    /** Extremes over the peer's processes, of which a run of ours has one. */
    private static final Set<String> NOT_OURS = Set.of("clip_ratio/low_min", "clip_ratio/high_max", "entropy_coef");

    private Rewards() {}

    /** [B][functions]; NaN where a function gave none. */
    static double[][] perFunction(Golden.Case golden) {
        var node = golden.json().path("inputs").path("rewards_per_function");
        int functions = node.path("shape").path(1).asInt();
        double[][] rewards = new double[node.path("shape").path(0).asInt()][functions];
        for (int i = 0; i < rewards.length * functions; i++) {
            var x = node.path("data").path(i);
            rewards[i / functions][i % functions] = x.isNull() ? Double.NaN : x.asDouble();
        }
        return rewards;
    }

    /** [B] weighted sums; NaN where no function gave one. */
    static double[] weighted(Golden.Case golden) {
        double[][] each = perFunction(golden);
        double[] weights = Golden.doubles(golden.hyper().path("reward_weights"));
        double[] out = new double[each.length];
        for (int r = 0; r < out.length; r++) {
            boolean any = false;
            for (int f = 0; f < weights.length; f++) {
                any |= !Double.isNaN(each[r][f]);
                out[r] += Double.isNaN(each[r][f]) ? 0 : weights[f] * each[r][f];
            }
            out[r] = any ? out[r] : Double.NaN;
        }
        return out;
    }

    /** Every metric of the case that a run of ours has. */
    static void checkMetrics(Golden.Case golden, LossCase.Answer answer) {
        var metrics = golden.expected().path("metrics");
        assertThat(metrics.size()).isPositive();
        metrics.fieldNames().forEachRemaining(name -> {
            if (!NOT_OURS.contains(name)) {
                String ours = name.equals("entropy") ? "policy/entropy_avg" : name;
                golden.check(
                        "metrics." + name,
                        Objects.requireNonNull(answer.numbers().get(ours), name));
            }
        });
    }
}
