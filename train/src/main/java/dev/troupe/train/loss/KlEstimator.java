package dev.troupe.train.loss;

import java.util.Locale;

/**
 * Estimates of KL(policy || reference) from one sampled token (Schulman 2020, "Approximating KL divergence"), in nats.
 * With r = reference / policy probability: k1 = -log r, k2 = (log r)^2 / 2, k3 = (r - 1) - log r.
 */
public enum KlEstimator {
    /** Unbiased, of either sign. */
    K1,
    /** Biased, never negative. */
    K2,
    /** Unbiased, never negative. */
    K3;

    /** The estimate for a token with these two log-probabilities. */
    public double estimate(double logprob, double referenceLogprob) {
        double logRatio = referenceLogprob - logprob;
        return switch (this) {
            case K1 -> -logRatio;
            case K2 -> 0.5 * logRatio * logRatio;
            case K3 -> Math.expm1(logRatio) - logRatio;
        };
    }

    /** Reads {@code k1}, {@code k2} or {@code k3}. */
    public static KlEstimator of(String name) {
        for (KlEstimator k : values()) {
            if (k.name().toLowerCase(Locale.ROOT).equals(name)) {
                return k;
            }
        }
        throw new IllegalArgumentException("kl_estimator = " + name + ": expected k1, k2 or k3");
    }
}
