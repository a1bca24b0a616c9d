package dev.troupe.train.algorithm;

import dev.troupe.model.Script;
import dev.troupe.train.loss.Gae;
import dev.troupe.train.loss.KlEstimator;
import dev.troupe.train.loss.VTrace;
import dev.troupe.train.loss.Whitening;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347, eq. 7) with a value model and the KL to the
 * reference in the reward (Ziegler et al. 2019, arXiv 1909.08593, eq. 2), as TRL does it: with ratio
 * {@code r = exp(current - proximal)} and whitened advantages A of {@link Gae},
 *
 * <pre>
 *   loss = mean over tokens of w max(-A r, -A clip(r, 1 - cliprange, 1 + cliprange))
 * </pre>
 *
 * <p>For a row of n tokens, log-probability, KL and advantage exist for the n tokens; reward, value and return for
 * n + 1 states when n is below the width (the last is the state after the completion, where the score lands), else for
 * n (the score lands on the last token). This is TRL's {@code padding_mask} and {@code padding_mask_p1}.
 *
 * @param klCoef weight of the KL in the reward
 * @param klEstimator how the KL of a token is estimated
 * @param cliprange of the policy's ratio
 * @param gamma discount
 * @param lam lambda of GAE, or of V-trace
 * @param whitenRewards scale rewards to variance 1 before the advantages
 * @param missingEosPenalty taken off the score of a completion that did not end itself; 0 is off
 * @param width {@code max_new_tokens}: a shorter completion has a state after its last token
 * @param offPolicy with V-trace, advantages and returns are those of the proximal policy
 */
public record Ppo(
        double klCoef,
        KlEstimator klEstimator,
        double cliprange,
        double gamma,
        double lam,
        boolean whitenRewards,
        double missingEosPenalty,
        int width,
        OffPolicy offPolicy)
        implements Algorithm {

    private static final Script SCRIPT = Loss.script("ppo", """
            # The peer takes the means of its metrics over padding too, where log-ratios are 0.
            def ppo(self, t: Dict[str, Tensor]) -> Dict[str, Tensor]:
              d = t["current"] - t["proximal"]
              ratio = torch.exp(d)
              surrogate = self.clipped_surrogate(ratio, t["advantages"], t["cliprange"], t["cliprange"])
              free = torch.neg(t["advantages"]) * ratio
              metrics = self.statistics(t, self.aggregate(t, t["weight"] * surrogate))
              cells = t["rows"] * t["width"]
              padding = t["lengths"].numel() * t["width"] - d.numel()
              metrics["policy/clipfrac_avg"] = self.token_average(t, self.count(t, torch.gt(surrogate, free)))
              metrics["policy/approxkl_avg"] = 0.5 * torch.sum(torch.detach(d * d)) / cells
              metrics["val/ratio"] = (torch.sum(torch.detach(ratio)) + padding) / cells
              return metrics
            """);

    /** Checks each value; the error names the key. */
    public Ppo {
        Check.atLeast("kl_coef", klCoef, 0);
        Check.above("cliprange", cliprange, 0);
        Check.between("gamma", gamma, 0, 1);
        Check.between("lam", lam, 0, 1);
        Check.atLeast("missing_eos_penalty", missingEosPenalty, 0);
        Check.atLeast("max_new_tokens", width, 1);
    }

    @Override
    public String name() {
        return "ppo";
    }

    @Override
    public Needs needs() {
        return Needs.single(true, true);
    }

    @Override
    public Loss loss() {
        return new Loss(SCRIPT, "ppo", Aggregation.TOKENS, Map.of("cliprange", cliprange, "width", (double) width));
    }

    /**
     * The reward of each state before advantages are made of it.
     *
     * @param kl [B][n] estimate of KL(policy || reference) at each token
     * @param rewards [B][states] {@code -kl_coef * kl}, plus the score at the last state; whitened if so set
     * @param values [B][states] the old values
     * @param scores [B] after the penalty for a missing end
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Shaped(double[][] kl, double[][] rewards, double[][] values, double[] scores) {}

    Shaped shaped(List<Experience> batch, double klCoef) {
        int rows = batch.size();
        double[][] kl = Objective.kl(batch, klEstimator);
        double[][] rewards = new double[rows][];
        double[][] values = new double[rows][];
        double[] scores = Objective.scores(batch, missingEosPenalty);
        for (int r = 0; r < rows; r++) {
            Experience e = batch.get(r);
            int states = states(e);
            rewards[r] = new double[states];
            values[r] = new double[states];
            for (int t = 0; t < states; t++) {
                values[r][t] = e.values()[t];
                rewards[r][t] = t < e.length() ? -klCoef * kl[r][t] : 0;
            }
            rewards[r][states - 1] += scores[r];
        }
        return new Shaped(kl, whitenRewards ? Whitening.whiten(rewards, true) : rewards, values, scores);
    }

    @Override
    public Targets targets(List<Experience> batch, double klCoef) {
        Shaped shaped = shaped(batch, klCoef);
        int rows = batch.size();
        double[][] advantages = new double[rows][];
        double[][] returns = new double[rows][];
        for (int r = 0; r < rows; r++) {
            double[] values = shaped.values[r];
            double[] all;
            if (offPolicy.kind() == OffPolicy.Kind.VTRACE) {
                VTrace trace = VTrace.of(
                        shaped.rewards[r],
                        values,
                        logRatios(batch.get(r), values.length),
                        gamma,
                        lam,
                        offPolicy.rhoBar(),
                        offPolicy.cBar());
                all = trace.advantages();
                returns[r] = trace.values();
            } else {
                all = Gae.advantages(shaped.rewards[r], values, gamma, lam);
                returns[r] = new double[all.length];
                for (int t = 0; t < all.length; t++) {
                    returns[r][t] = all[t] + values[t];
                }
            }
            advantages[r] = Arrays.copyOf(all, batch.get(r).length());
        }
        Map<String, Double> metrics = new TreeMap<>(Objective.metrics(batch, shaped.kl, shaped.scores, klCoef));
        return new Targets(
                Whitening.whiten(advantages, false),
                Optional.of(new Targets.States(shaped.values, returns)),
                new int[0],
                metrics);
    }

    private static double[] logRatios(Experience e, int states) {
        double[] ratios = new double[states];
        for (int t = 0; t < e.length(); t++) {
            ratios[t] = (double) e.proximalLogprobs()[t] - e.behaviourLogprobs()[t];
        }
        return ratios;
    }

    /** How many states of a trajectory have a value to learn: one more than tokens, but never more than the width. */
    private int states(Experience e) {
        if (e.length() > width) {
            throw new IllegalArgumentException("trajectory " + e.id() + " has " + e.length()
                    + " completion tokens, more than max_new_tokens = " + width);
        }
        return Math.min(e.length() + 1, width);
    }
}
