package dev.troupe.train.update;

/**
 * How a batch becomes optimizer steps, whatever the algorithm.
 *
 * @param epochs {@code num_ppo_epochs}, or {@code num_iterations}: passes over a batch
 * @param miniBatches {@code num_mini_batches}: optimizer steps a pass
 * @param microBatch {@code micro_batch}: rows a forward; changes memory and speed, not the gradient
 * @param cliprangeValue of the value around the old one
 * @param vfCoef weight of the value loss
 * @param maxGradNorm joint bound of the gradients of policy and value; 0 is off
 * @param temperature that the completions were sampled at
 * @param earlyStopKl {@code early_stop_kl}: no further optimizer step on a batch once the policy has moved this far
 *     from the proximal one (mean of {@code 0.5 log-ratio^2} over tokens, nats); infinite is off
 * @param seed of the mini-batches
 */
public record UpdateSettings(
        int epochs,
        int miniBatches,
        int microBatch,
        double cliprangeValue,
        double vfCoef,
        double maxGradNorm,
        double temperature,
        double earlyStopKl,
        long seed) {

    /** Checks each value; the error names the key. */
    public UpdateSettings {
        check(epochs >= 1, "num_ppo_epochs", epochs, "at least 1");
        check(miniBatches >= 1, "num_mini_batches", miniBatches, "at least 1");
        check(microBatch >= 1, "micro_batch", microBatch, "at least 1");
        check(
                cliprangeValue > 0 && cliprangeValue < Double.POSITIVE_INFINITY,
                "cliprange_value",
                cliprangeValue,
                "above 0");
        check(vfCoef >= 0 && vfCoef < Double.POSITIVE_INFINITY, "vf_coef", vfCoef, "at least 0");
        check(maxGradNorm >= 0 && maxGradNorm < Double.POSITIVE_INFINITY, "max_grad_norm", maxGradNorm, "at least 0");
        check(temperature > 0 && temperature < Double.POSITIVE_INFINITY, "temperature", temperature, "above 0");
        check(earlyStopKl > 0, "early_stop_kl", earlyStopKl, "above 0, or null for none");
    }

    /** Optimizer steps on a batch. */
    public int optimizerSteps() {
        return epochs * miniBatches;
    }

    private static void check(boolean ok, String key, double value, String expected) {
        if (!ok) {
            throw new IllegalArgumentException(key + " = " + value + ": expected " + expected);
        }
    }
}
