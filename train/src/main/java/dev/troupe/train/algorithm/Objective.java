package dev.troupe.train.algorithm;

import dev.troupe.train.loss.Groups;
import dev.troupe.train.loss.KlEstimator;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Numbers of a batch that do not depend on the algorithm, under TRL's names. */
final class Objective {
    private Objective() {}

    /** [B] scores after the penalty for a missing end. */
    static double[] scores(List<Experience> batch, double missingEosPenalty) {
        return batch.stream()
                .mapToDouble(e -> e.score() - (e.ended() ? 0 : missingEosPenalty))
                .toArray();
    }

    /** First row of each prompt's group, and the number of rows. */
    static int[] groups(List<Experience> batch) {
        return Groups.starts(batch.stream().mapToLong(e -> e.id().draw()).toArray());
    }

    /** What has no number has no advantage either. */
    static double[] zeroForUnknown(double[] advantages) {
        return Arrays.stream(advantages).map(a -> Double.isNaN(a) ? 0 : a).toArray();
    }

    /** [B][n] {@link #kl(Experience, KlEstimator)} of each. */
    static double[][] kl(List<Experience> batch, KlEstimator estimator) {
        return batch.stream().map(e -> kl(e, estimator)).toArray(double[][]::new);
    }

    /** [n] KL(policy || reference) at each token of the policy that sampled it. */
    static double[] kl(Experience e, KlEstimator estimator) {
        double[] kl = new double[e.length()];
        for (int t = 0; t < kl.length; t++) {
            kl[t] = estimator.estimate(e.behaviourLogprobs()[t], e.referenceLogprobs()[t]);
        }
        return kl;
    }

    /**
     * {@code objective/*}, means over trajectories.
     *
     * @param kl [B][n], or empty if there is no reference
     * @param scores [B] after penalties
     */
    static Map<String, Double> metrics(List<Experience> batch, double[][] kl, double[] scores, double klCoef) {
        double klSum = 0;
        double entropySum = 0;
        double scoreSum = 0;
        for (int r = 0; r < batch.size(); r++) {
            for (float logprob : batch.get(r).behaviourLogprobs()) {
                entropySum -= logprob;
            }
            scoreSum += scores[r];
        }
        for (double[] row : kl) {
            for (double k : row) {
                klSum += k;
            }
        }
        int rows = batch.size();
        Map<String, Double> metrics = new TreeMap<>();
        metrics.put("objective/entropy", entropySum / rows);
        metrics.put("objective/scores", scoreSum / rows);
        if (kl.length > 0) {
            metrics.put("objective/kl", klSum / rows);
            metrics.put("objective/non_score_reward", -klCoef * klSum / rows);
            metrics.put("objective/rlhf_reward", (scoreSum - klCoef * klSum) / rows);
        }
        return metrics;
    }
}
