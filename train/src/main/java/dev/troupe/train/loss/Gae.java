package dev.troupe.train.loss;

/**
 * Generalised advantage estimation (Schulman et al. 2016, arXiv 1506.02438), eq. 16: with
 * {@code delta_t = r_t + gamma V_{t+1} - V_t}, {@code A_t = delta_t + gamma lambda A_{t+1}}; after the last state value
 * and advantage are 0.
 */
public final class Gae {
    private Gae() {}

    /** Advantages of one trajectory; {@code rewards} and {@code values} hold one number a state, in order. */
    public static double[] advantages(double[] rewards, double[] values, double gamma, double lambda) {
        if (rewards.length != values.length) {
            throw new IllegalArgumentException(
                    rewards.length + " rewards and " + values.length + " values; as many needed");
        }
        double[] advantages = new double[rewards.length];
        double next = 0;
        double nextValue = 0;
        for (int t = rewards.length - 1; t >= 0; t--) {
            double delta = rewards[t] + gamma * nextValue - values[t];
            next = delta + gamma * lambda * next;
            advantages[t] = next;
            nextValue = values[t];
        }
        return advantages;
    }
}
