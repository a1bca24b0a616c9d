package dev.troupe.train.algorithm;

import dev.troupe.model.Script;
import dev.troupe.train.loss.Groups;
import dev.troupe.train.loss.KlEstimator;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Group relative policy optimisation and its kin, in TRL's terms. The advantage of a completion is its score less the
 * mean of its group's, over the group's standard deviation (Shao et al. 2024, arXiv 2402.03300). With the ratio
 * {@code r} of a token, or the geometric mean of a completion's ratios, the loss of a token is
 *
 * <pre>
 *   clipped: -min(min(r, delta) A, clip(r, 1 - epsilon, 1 + epsilon_high) A); delta: INTELLECT-2, arXiv 2505.07291
 *   cispo:   -sg(min(r, epsilon_high)) A log pi            (MiniMax-M1, arXiv 2506.13585)
 *   sapo:    -4 / tau sigmoid(tau (r - 1)) A, tau by the sign of A   (arXiv 2511.20347)
 *   luspo:   as clipped, r of the completion, whose tokens are summed: n times the above for one of n tokens, and the
 *            mean over completions             (arXiv 2602.05261)
 *   vespo:   -sg(phi) A log pi, phi = exp(lambda) w^k exp(-lambda w), w the product of the completion's ratios
 *            (arXiv 2602.10693)
 * </pre>
 *
 * plus {@code beta} times the KL to the reference, less {@code entropy_coef} times the entropy. What the variants are
 * called: GRPO averages over completions, DAPO (arXiv 2503.14476) over tokens with a higher upper clip, Dr. GRPO (arXiv
 * 2503.20783) divides by a constant and does not scale advantages, GSPO (arXiv 2507.18071) takes the ratio of the
 * completion.
 *
 * @param name as {@code algorithm} says
 * @param lossType {@code loss_type}
 * @param scaleRewards {@code scale_rewards}
 * @param rewardWeights of the rewards by name, if each is to be standardised in its group before they are summed
 *     ({@code multi_objective_aggregation = normalize_then_sum}, whatever scaleRewards says); empty: their sum is
 * @param klCoef {@code beta}, in the loss
 * @param klEstimator of that KL
 * @param biasCorrectionKl {@code use_bias_correction_kl}: weigh the KL by the ratio (DeepSeek-V3.2, arXiv 2512.02556)
 * @param epsilon lower clip range
 * @param epsilonHigh upper clip range; for cispo the cap itself
 * @param delta upper bound of the unclipped ratio; infinite is off
 * @param sequenceRatio {@code importance_sampling_level = sequence}
 * @param offPolicyMask {@code off_policy_mask_threshold}: a completion of negative advantage whose mean log-ratio
 *     behaviour to current is above this is left out (DeepSeek-V3.2, arXiv 2512.02556); infinite is off
 * @param entropyCoef weight of the entropy bonus
 * @param maskTruncated {@code mask_truncated_completions}: one that did not end itself has advantage 0
 * @param overlong soft punishment of long completions
 * @param missingEosPenalty taken off the score of a completion that did not end itself
 * @param maxNewTokens constant length of Dr. GRPO
 * @param shape numbers of sapo and vespo by the script's names
 */
public record Grpo(
        String name,
        LossType lossType,
        ScaleRewards scaleRewards,
        Map<String, Double> rewardWeights,
        double klCoef,
        KlEstimator klEstimator,
        boolean biasCorrectionKl,
        double epsilon,
        double epsilonHigh,
        double delta,
        boolean sequenceRatio,
        double offPolicyMask,
        double entropyCoef,
        boolean maskTruncated,
        Overlong overlong,
        double missingEosPenalty,
        int maxNewTokens,
        Map<String, Double> shape)
        implements Algorithm {

    /** {@code loss_type}. */
    public enum LossType {
        GRPO,
        BNPO,
        DAPO,
        DR_GRPO,
        CISPO,
        SAPO,
        LUSPO,
        VESPO
    }

    /** {@code scale_rewards}: what an advantage is divided by. */
    public enum ScaleRewards {
        GROUP,
        BATCH,
        NONE
    }

    private static final double STD_EPSILON = 1e-4;

    private static final Script SCRIPT = Loss.script("grpo", """
            # [N], or [R] where the completion has one ratio.
            def ratio(self, t: Dict[str, Tensor]) -> Tensor:
              d = t["current"] - t["proximal"]
              if bool(t["sequence"]):
                d = self.row_mean(t, d)
              return torch.exp(d)

            def advantages(self, t: Dict[str, Tensor]) -> Tensor:
              a = t["advantages"]
              if bool(t["sequence"]):
                a = t["row_advantages"]
              return a

            # [N] of what may be [R].
            def each(self, t: Dict[str, Tensor], x: Tensor) -> Tensor:
              if bool(t["sequence"]):
                x = self.spread(t, x)
              return x

            # 1, or 0 for completions of negative advantage that the policy has left.
            def kept(self, t: Dict[str, Tensor]) -> Tensor:
              gone = self.row_mean(t, t["behaviour"] - torch.detach(t["current"]))
              keep = torch.logical_or(torch.ge(t["row_advantages"], 0), torch.le(gone, t["off_policy_mask_threshold"]))
              return self.spread(t, self.count(t, keep))

            def finish(self, t: Dict[str, Tensor], per_token: Tensor, ratio: Tensor) -> Dict[str, Tensor]:
              policy = per_token * self.kept(t)
              if bool(t["beta_on"]):
                kl = self.kl(t)
                if bool(t["bias_correction"]):
                  kl = kl * self.each(t, ratio)
                loss = self.aggregate(t, policy + t["kl_coef"] * kl)
                metrics = self.statistics(t, loss)
                metrics["kl"] = self.token_average(t, kl)
              else:
                metrics = self.statistics(t, self.aggregate(t, policy))
              if bool(t["entropy_coef"]):
                metrics["policy_loss"] = torch.detach(metrics["loss"])
                metrics["loss"] = metrics["loss"] - t["entropy_coef"] * torch.sum(t["entropy"]) / t["tokens"]
              return metrics

            def clipped(self, t: Dict[str, Tensor]) -> Dict[str, Tensor]:
              ratio = self.ratio(t)
              a = self.advantages(t)
              near = torch.clamp(ratio, 1.0 - t["epsilon"], 1.0 + t["epsilon_high"])
              bounded = torch.minimum(ratio, t["delta"])
              surrogate = torch.neg(torch.minimum(bounded * a, near * a))
              metrics = self.finish(t, t["weight"] * self.each(t, surrogate), ratio)
              total = t["tokens"]
              if bool(t["sequence"]):
                total = t["rows"]
              low = t["epsilon"]
              return self.clip_metrics(t, metrics, torch.detach(bounded), a, low, t["epsilon_high"], total)

            def cispo(self, t: Dict[str, Tensor]) -> Dict[str, Tensor]:
              ratio = self.ratio(t)
              a = self.advantages(t)
              capped = torch.detach(torch.minimum(ratio, t["epsilon_high"]))
              metrics = self.finish(t, torch.neg(t["weight"] * self.each(t, capped * a)) * t["current"], ratio)
              above = self.count(t, torch.logical_and(torch.gt(ratio, t["epsilon_high"]), torch.gt(a, 0)))
              metrics["cispo_clip_ratio"] = self.token_average(t, self.each(t, above))
              return metrics

            def sapo(self, t: Dict[str, Tensor]) -> Dict[str, Tensor]:
              ratio = self.ratio(t)
              a = self.advantages(t)
              tau = torch.where(torch.gt(a, 0), t["sapo_temperature_pos"], t["sapo_temperature_neg"])
              soft = torch.sigmoid(tau * (ratio - 1.0)) * 4.0 / tau
              return self.finish(t, torch.neg(t["weight"] * self.each(t, soft * a)), ratio)

            # The weight phi is 1 where the completion's ratio is, and falls to 0 on both sides. The ratio is that to
            # the behaviour policy, so no other weight joins it.
            def vespo(self, t: Dict[str, Tensor]) -> Dict[str, Tensor]:
              d = torch.detach(t["current"] - t["proximal"])
              bound = 20.0
              least = -18.420680743952367
              far = torch.clamp(torch.log(t["weight"]), least, bound)
              w = self.row_sum(t, torch.clamp(d, -bound, bound) + far)
              w = torch.clamp(w, least, bound)
              up = torch.ge(t["row_advantages"], 0)
              k = torch.where(up, t["vespo_k_pos"], t["vespo_k_neg"])
              l = torch.where(up, t["vespo_lambda_pos"], t["vespo_lambda_neg"])
              phi = torch.nan_to_num(torch.exp(l + k * w - l * torch.exp(w)), 0.0, 0.0, 0.0)
              per_token = torch.neg(self.spread(t, phi) * t["advantages"]) * t["current"]
              metrics = self.finish(t, per_token, torch.exp(t["current"] - t["proximal"]))
              metrics["vespo/phi_seq_mean"] = self.row_average(t, phi)
              return metrics
            """);

    /** Checks each value; the error names the key. */
    public Grpo {
        Check.atLeast("beta", klCoef, 0);
        Check.above("epsilon", epsilon, 0);
        Check.above("epsilon_high", epsilonHigh, 0);
        Check.atLeast("entropy_coef", entropyCoef, 0);
        Check.atLeast("missing_eos_penalty", missingEosPenalty, 0);
        if (!(delta > 1)) {
            throw new IllegalArgumentException("delta = " + delta + ": expected above 1, or null for none");
        }
        if (lossType == LossType.VESPO && sequenceRatio) {
            throw new IllegalArgumentException("importance_sampling_level = sequence: loss_type = vespo weighs whole"
                    + " completions already; expected token");
        }
        if (lossType == LossType.LUSPO && !sequenceRatio) {
            throw new IllegalArgumentException("importance_sampling_level = token: loss_type = luspo has one ratio for"
                    + " a completion; set importance_sampling_level = sequence");
        }
        shape = Map.copyOf(shape);
        rewardWeights = Collections.unmodifiableMap(new TreeMap<>(rewardWeights));
    }

    @Override
    public Needs needs() {
        return Needs.inGroups(klCoef > 0, sequenceRatio);
    }

    @Override
    public Loss loss() {
        Map<String, Double> numbers = new HashMap<>(shape);
        numbers.put("sequence", sequenceRatio ? 1.0 : 0.0);
        numbers.put("epsilon", epsilon);
        numbers.put("epsilon_high", epsilonHigh);
        numbers.put("delta", delta);
        numbers.put("off_policy_mask_threshold", offPolicyMask);
        numbers.put("entropy_coef", entropyCoef);
        numbers.put("beta_on", klCoef > 0 ? 1.0 : 0.0);
        numbers.put("bias_correction", biasCorrectionKl ? 1.0 : 0.0);
        numbers.put("kl_estimator", klEstimator.ordinal() + 1.0);
        String method = switch (lossType) {
            case CISPO, SAPO, VESPO -> lossType.name().toLowerCase(Locale.ROOT);
            default -> "clipped";
        };
        return new Loss(SCRIPT, method, aggregation(), numbers);
    }

    private Aggregation aggregation() {
        return switch (lossType) {
            case GRPO, SAPO -> Aggregation.COMPLETIONS;
            case BNPO, DAPO, CISPO, VESPO -> Aggregation.TOKENS;
            case DR_GRPO -> new Aggregation(Aggregation.Kind.CONSTANT, maxNewTokens);
            case LUSPO -> Aggregation.SUMS;
        };
    }

    @Override
    public Targets targets(List<Experience> batch, double coefficient) {
        double[] scores = Objective.scores(batch, missingEosPenalty);
        for (int r = 0; r < scores.length; r++) {
            scores[r] += overlong.reward(batch.get(r).length());
        }
        int[] starts = Objective.groups(batch);
        double[] advantages =
                rewardWeights.isEmpty() ? advantages(scores, starts) : advantagesOfParts(batch, scores, starts);
        for (int r = 0; r < advantages.length; r++) {
            advantages[r] = maskTruncated && !batch.get(r).ended() ? 0 : advantages[r];
        }
        double[][] kl = klCoef > 0 ? Objective.kl(batch, KlEstimator.K1) : new double[0][];
        Map<String, Double> metrics = new TreeMap<>(Objective.metrics(batch, kl, scores, 0));
        metrics.put("frac_reward_zero_std", Groups.equalShare(scores, starts));
        return Targets.ofCompletions(batch, Objective.zeroForUnknown(advantages), metrics);
    }

    /** Of rewards by name; what is taken off or put on a score stands beside them as one more, of weight 1. */
    private double[] advantagesOfParts(List<Experience> batch, double[] scores, int[] starts) {
        double[][] parts = new double[batch.size()][rewardWeights.size() + 1];
        for (int r = 0; r < parts.length; r++) {
            int p = 0;
            for (String name : rewardWeights.keySet()) {
                Float reward = batch.get(r).rewards().get(name);
                if (reward == null) {
                    throw new IllegalStateException("trajectory " + batch.get(r).id() + " has no reward " + name
                            + "; it has " + batch.get(r).rewards().keySet());
                }
                parts[r][p++] = reward;
            }
            parts[r][p] = scores[r] - batch.get(r).score();
        }
        double[] weights = Arrays.copyOf(
                rewardWeights.values().stream().mapToDouble(w -> w).toArray(), rewardWeights.size() + 1);
        weights[rewardWeights.size()] = 1;
        return normalizedThenSummed(parts, weights, starts);
    }

    /** Of scores in groups; NaN where there is no score. */
    private double[] advantages(double[] scores, int[] starts) {
        return switch (scaleRewards) {
            case GROUP -> Groups.standardised(scores, starts, STD_EPSILON);
            case NONE -> Groups.centred(scores, starts);
            case BATCH -> {
                double[] centred = Groups.centred(scores, starts);
                double scale = Groups.std(scores) + STD_EPSILON;
                for (int r = 0; r < centred.length; r++) {
                    centred[r] /= scale;
                }
                yield centred;
            }
        };
    }

    /**
     * Of several rewards, each standardised in its group before they are summed, and the sums over the batch (GDPO,
     * arXiv 2601.05242; TRL's {@code multi_objective_aggregation = normalize_then_sum}).
     *
     * @param rewards [B][parts]; NaN where a part gave none
     */
    private static double[] normalizedThenSummed(double[][] rewards, double[] weights, int[] starts) {
        double[] sums = new double[rewards.length];
        boolean[] known = new boolean[rewards.length];
        for (int p = 0; p < weights.length; p++) {
            int part = p;
            double[] each = Groups.standardised(
                    Arrays.stream(rewards).mapToDouble(r -> r[part]).toArray(), starts, STD_EPSILON);
            for (int r = 0; r < sums.length; r++) {
                known[r] |= !Double.isNaN(each[r]);
                sums[r] += Double.isNaN(each[r]) ? 0 : weights[p] * each[r];
            }
        }
        for (int r = 0; r < sums.length; r++) {
            sums[r] = known[r] ? sums[r] : Double.NaN;
        }
        return Groups.standardised(sums, new int[] {0, sums.length}, STD_EPSILON);
    }
}
