package dev.troupe.train.optim;

/**
 * AdamW's numbers.
 *
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param eps added to the root of the second moment
 * @param weightDecay times the learning rate, the share taken off a parameter in a step
 * @param decayVectors whether norms and biases decay too, as in torch; transformers' Trainer leaves them out
 */
public record AdamSettings(double beta1, double beta2, double eps, double weightDecay, boolean decayVectors) {
    /** Checks each value; the error names the key. */
    public AdamSettings {
        check(beta1 >= 0 && beta1 < 1, "adam.beta1", beta1, "at least 0 and below 1");
        check(beta2 >= 0 && beta2 < 1, "adam.beta2", beta2, "at least 0 and below 1");
        check(eps > 0 && eps < 1, "adam.eps", eps, "above 0 and below 1");
        check(weightDecay >= 0 && weightDecay < 1, "adam.weight_decay", weightDecay, "at least 0 and below 1");
    }

    private static void check(boolean ok, String key, double value, String expected) {
        if (!ok) {
            throw new IllegalArgumentException(key + " = " + value + ": expected " + expected);
        }
    }
}
