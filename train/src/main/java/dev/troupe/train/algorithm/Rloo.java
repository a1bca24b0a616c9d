package dev.troupe.train.algorithm;

import dev.troupe.model.Script;
import dev.troupe.train.loss.Groups;
import dev.troupe.train.loss.KlEstimator;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * REINFORCE leave-one-out (Ahmadian et al. 2024, arXiv 2402.14740, eq. 5), as TRL does it: the reward of a completion
 * is {@code R_i = score_i - beta sum_t k1_t}, its advantage {@code A_i = R_i - mean of the others' R}, and with the
 * ratio of the whole completion {@code r_i = exp(sum_t (current_t - proximal_t))}
 *
 * <pre>
 *   loss = mean over completions of w_i max(-A_i r_i, -A_i clip(r_i, 1 - epsilon, 1 + epsilon_high))
 * </pre>
 *
 * @param klCoef {@code beta}
 * @param epsilon lower clip range
 * @param epsilonHigh upper clip range
 * @param normalizeAdvantages scale the batch's advantages to variance 1
 * @param clipLow {@code reward_clip_range}, lower; minus infinity is off
 * @param clipHigh {@code reward_clip_range}, upper
 * @param missingEosPenalty taken off the score of a completion that did not end itself
 */
public record Rloo(
        double klCoef,
        double epsilon,
        double epsilonHigh,
        boolean normalizeAdvantages,
        double clipLow,
        double clipHigh,
        double missingEosPenalty)
        implements Algorithm {
    private static final double STD_EPSILON = 1e-4;

    private static final Script SCRIPT = Loss.script("rloo", """
            def rloo(self, t: Dict[str, Tensor]) -> Dict[str, Tensor]:
              ratio = torch.exp(self.row_sum(t, t["current"] - t["proximal"]))
              a = t["row_advantages"]
              weight = self.row_mean(t, t["weight"])
              surrogate = weight * self.clipped_surrogate(ratio, a, t["epsilon"], t["epsilon_high"])
              metrics = self.statistics(t, torch.sum(surrogate) / t["rows"])
              return self.clip_metrics(t, metrics, torch.detach(ratio), a, t["epsilon"], t["epsilon_high"], t["rows"])
            """);

    /** Checks each value; the error names the key. */
    public Rloo {
        Check.atLeast("beta", klCoef, 0);
        Check.above("epsilon", epsilon, 0);
        Check.above("epsilon_high", epsilonHigh, 0);
        Check.atLeast("missing_eos_penalty", missingEosPenalty, 0);
        if (!(clipLow < clipHigh)) {
            throw new IllegalArgumentException(
                    "reward_clip_range = [" + clipLow + ", " + clipHigh + "]: expected the lower bound first");
        }
    }

    @Override
    public String name() {
        return "rloo";
    }

    @Override
    public Needs needs() {
        return Needs.inGroups(klCoef > 0, true);
    }

    @Override
    public Loss loss() {
        return new Loss(SCRIPT, "rloo", Aggregation.SUMS, Map.of("epsilon", epsilon, "epsilon_high", epsilonHigh));
    }

    @Override
    public Targets targets(List<Experience> batch, double coefficient) {
        double[] scores = Objective.scores(batch, missingEosPenalty);
        double[][] kl = klCoef > 0 ? Objective.kl(batch, KlEstimator.K1) : new double[0][];
        double[] rewards = new double[scores.length];
        for (int r = 0; r < rewards.length; r++) {
            rewards[r] = Double.isNaN(scores[r]) ? Double.NaN : Math.max(clipLow, Math.min(clipHigh, scores[r]));
            rewards[r] -=
                    kl.length == 0 ? 0 : coefficient * Arrays.stream(kl[r]).sum();
        }
        int[] starts = Objective.groups(batch);
        double[] advantages = Groups.leaveOneOut(rewards, starts);
        if (normalizeAdvantages) {
            advantages = Groups.standardised(advantages, new int[] {0, advantages.length}, STD_EPSILON);
        }
        Map<String, Double> metrics = new TreeMap<>(Objective.metrics(batch, kl, scores, coefficient));
        metrics.put("frac_reward_zero_std", Groups.equalShare(scores, starts));
        return Targets.ofCompletions(batch, Objective.zeroForUnknown(advantages), metrics);
    }
}
