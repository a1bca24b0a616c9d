package dev.troupe.train.loss;

/**
 * V-trace (Espeholt et al. 2018, arXiv 1802.01561, section 4.1): values and advantages of one policy, pi, from samples
 * of another, mu. With {@code rho_t = min(rho_bar, pi/mu)}, {@code c_t = lambda min(c_bar, pi/mu)} and
 * {@code delta_t = rho_t (r_t + gamma V_{t+1} - V_t)}:
 *
 * <pre>
 *   v_s - V_s = delta_s + gamma c_s (v_{s+1} - V_{s+1})
 *   A_s       = rho_s (r_s + gamma v_{s+1} - V_s)
 * </pre>
 *
 * <p>After the last state value and target are 0.
 *
 * @param values [states] the targets v
 * @param advantages [states]
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record VTrace(double[] values, double[] advantages) {

    /**
     * Of one trajectory.
     *
     * @param rewards a state
     * @param values a state, V
     * @param logRatios log pi/mu of the action in each state; 0 where a state has none
     */
    public static VTrace of(
            double[] rewards,
            double[] values,
            double[] logRatios,
            double gamma,
            double lambda,
            double rhoBar,
            double cBar) {
        int n = rewards.length;
        if (values.length != n || logRatios.length != n) {
            throw new IllegalArgumentException(n + " rewards, " + values.length + " values and " + logRatios.length
                    + " ratios; as many of each needed");
        }
        double[] targets = new double[n];
        double[] advantages = new double[n];
        double nextValue = 0;
        double nextTarget = 0;
        for (int t = n - 1; t >= 0; t--) {
            double ratio = Math.exp(logRatios[t]);
            double rho = Math.min(rhoBar, ratio);
            double c = lambda * Math.min(cBar, ratio);
            targets[t] = values[t]
                    + rho * (rewards[t] + gamma * nextValue - values[t])
                    + gamma * c * (nextTarget - nextValue);
            advantages[t] = rho * (rewards[t] + gamma * nextTarget - values[t]);
            nextValue = values[t];
            nextTarget = targets[t];
        }
        return new VTrace(targets, advantages);
    }
}
