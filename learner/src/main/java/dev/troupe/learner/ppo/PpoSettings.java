package dev.troupe.learner.ppo;

import dev.troupe.learner.loss.KlEstimator;

/**
 * PPO's numbers, named as TRL names them.
 *
 * @param epochs {@code num_ppo_epochs}: passes over a batch
 * @param miniBatches {@code num_mini_batches}: optimizer steps a pass
 * @param microBatch {@code micro_batch}: rows a forward; changes memory and speed, not the gradient
 * @param klCoef weight of the KL in the reward
 * @param klEstimator how the KL of a token is estimated
 * @param cliprange of the policy's ratio
 * @param cliprangeValue of the value around the old one
 * @param vfCoef weight of the value loss
 * @param gamma discount
 * @param lam lambda of GAE
 * @param whitenRewards scale rewards to variance 1 before GAE
 * @param missingEosPenalty taken off the score of a completion that did not end itself; 0 is off
 * @param maxGradNorm joint bound of the gradients of policy and value; 0 is off
 * @param temperature that the completions were sampled at
 * @param width {@code max_new_tokens}: a shorter completion has a state after its last token
 * @param seed of the mini-batches
 */
public record PpoSettings(
        int epochs,
        int miniBatches,
        int microBatch,
        double klCoef,
        KlEstimator klEstimator,
        double cliprange,
        double cliprangeValue,
        double vfCoef,
        double gamma,
        double lam,
        boolean whitenRewards,
        double missingEosPenalty,
        double maxGradNorm,
        double temperature,
        int width,
        long seed) {

    /** Checks each value; the error names the key. */
    public PpoSettings {
        check(epochs >= 1, "num_ppo_epochs", epochs, "at least 1");
        check(miniBatches >= 1, "num_mini_batches", miniBatches, "at least 1");
        check(microBatch >= 1, "micro_batch", microBatch, "at least 1");
        check(klCoef >= 0 && klCoef < Double.POSITIVE_INFINITY, "kl_coef", klCoef, "at least 0");
        check(cliprange > 0 && cliprange < Double.POSITIVE_INFINITY, "cliprange", cliprange, "above 0");
        check(
                cliprangeValue > 0 && cliprangeValue < Double.POSITIVE_INFINITY,
                "cliprange_value",
                cliprangeValue,
                "above 0");
        check(vfCoef >= 0 && vfCoef < Double.POSITIVE_INFINITY, "vf_coef", vfCoef, "at least 0");
        check(gamma >= 0 && gamma <= 1, "gamma", gamma, "0 to 1");
        check(lam >= 0 && lam <= 1, "lam", lam, "0 to 1");
        check(
                missingEosPenalty >= 0 && missingEosPenalty < Double.POSITIVE_INFINITY,
                "missing_eos_penalty",
                missingEosPenalty,
                "at least 0, or null for none");
        check(maxGradNorm >= 0 && maxGradNorm < Double.POSITIVE_INFINITY, "max_grad_norm", maxGradNorm, "at least 0");
        check(temperature > 0 && temperature < Double.POSITIVE_INFINITY, "temperature", temperature, "above 0");
        check(width >= 1, "max_new_tokens", width, "at least 1");
    }

    private static void check(boolean ok, String key, double value, String expected) {
        if (!ok) {
            throw new IllegalArgumentException(key + " = " + value + ": expected " + expected);
        }
    }
}
