package dev.troupe.learner.ppo;

import dev.troupe.learner.loss.Gae;
import dev.troupe.learner.loss.Whitening;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What an update aims at, computed once from a batch of experience. For a row of n tokens, log-probability, KL and
 * advantage exist for the n tokens; reward, value and return for n + 1 states when n is below the width (the last is
 * the state after the completion, where the score lands), else for n (the score lands on the last token). This is TRL's
 * {@code padding_mask} and {@code padding_mask_p1}.
 *
 * @param kl [B][n] estimate of KL(policy || reference) at each token
 * @param rewards [B][states] {@code -kl_coef * kl}, plus the score at the last state; whitened if so set
 * @param advantages [B][n] whitened over the batch
 * @param values [B][states] the old values
 * @param returns [B][states] advantage before whitening, plus value
 * @param scores [B] after the penalty for a missing end
 * @param metrics {@code objective/*} of the batch
 */
public record PpoTargets(
        double[][] kl,
        double[][] rewards,
        double[][] advantages,
        double[][] values,
        double[][] returns,
        double[] scores,
        Map<String, Double> metrics) {

    /** Computes the targets of a batch; the whitening spans all of it. */
    public static PpoTargets of(List<Experience> batch, PpoSettings settings) {
        int rows = batch.size();
        double[][] kl = new double[rows][];
        double[][] rewards = new double[rows][];
        double[][] values = new double[rows][];
        double[] scores = new double[rows];
        for (int r = 0; r < rows; r++) {
            Experience e = batch.get(r);
            int states = states(e, settings.width());
            scores[r] = e.score() - (e.ended() ? 0 : settings.missingEosPenalty());
            kl[r] = new double[e.length()];
            rewards[r] = new double[states];
            values[r] = new double[states];
            for (int t = 0; t < states; t++) {
                values[r][t] = e.values()[t];
                if (t < e.length()) {
                    kl[r][t] = settings.klEstimator().estimate(e.behaviourLogprobs()[t], e.referenceLogprobs()[t]);
                    rewards[r][t] = -settings.klCoef() * kl[r][t];
                }
            }
            rewards[r][states - 1] += scores[r];
        }
        Map<String, Double> metrics = objective(batch, kl, scores, settings.klCoef());
        if (settings.whitenRewards()) {
            rewards = Whitening.whiten(rewards, true);
        }
        double[][] advantages = new double[rows][];
        double[][] returns = new double[rows][];
        for (int r = 0; r < rows; r++) {
            double[] a = Gae.advantages(rewards[r], values[r], settings.gamma(), settings.lam());
            returns[r] = new double[a.length];
            for (int t = 0; t < a.length; t++) {
                returns[r][t] = a[t] + values[r][t];
            }
            advantages[r] = java.util.Arrays.copyOf(a, batch.get(r).length());
        }
        return new PpoTargets(kl, rewards, Whitening.whiten(advantages, false), values, returns, scores, metrics);
    }

    /** How many states of a trajectory have a value to learn: one more than tokens, but never more than the width. */
    static int states(Experience e, int width) {
        if (e.length() > width) {
            throw new IllegalArgumentException("trajectory " + e.id() + " has " + e.length()
                    + " completion tokens, more than max_new_tokens = " + width);
        }
        return Math.min(e.length() + 1, width);
    }

    private static Map<String, Double> objective(
            List<Experience> batch, double[][] kl, double[] scores, double klCoef) {
        double klSum = 0;
        double entropySum = 0;
        double scoreSum = 0;
        for (int r = 0; r < batch.size(); r++) {
            for (int t = 0; t < kl[r].length; t++) {
                klSum += kl[r][t];
                entropySum -= batch.get(r).behaviourLogprobs()[t];
            }
            scoreSum += scores[r];
        }
        int rows = batch.size();
        Map<String, Double> metrics = new TreeMap<>();
        metrics.put("objective/kl", klSum / rows);
        metrics.put("objective/entropy", entropySum / rows);
        metrics.put("objective/non_score_reward", -klCoef * klSum / rows);
        metrics.put("objective/scores", scoreSum / rows);
        metrics.put("objective/rlhf_reward", (scoreSum - klCoef * klSum) / rows);
        return metrics;
    }
}
