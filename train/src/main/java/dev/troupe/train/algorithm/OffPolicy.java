package dev.troupe.train.algorithm;

/**
 * What is done about samples of an older policy: one choice, apart from the algorithm. Three log-probabilities of a
 * token are told apart: under the <i>behaviour</i> policy that sampled it, the <i>proximal</i> one that the update
 * starts from, and the <i>current</i> one under training. The trust region lies around the proximal policy; the step
 * from behaviour to proximal is weighed by {@code w = proximal / behaviour}, without gradient.
 *
 * @param kind {@code off_policy.correction}
 * @param level {@code off_policy.level}: a weight a token, or one a completion
 * @param mode {@code off_policy.mode}: weights out of bounds are cut to them, or their tokens left out
 * @param least {@code off_policy.min}: lower bound of a weight
 * @param cap {@code off_policy.cap}: upper bound of a weight
 * @param proximal {@code off_policy.proximal}: where the proximal log-probability comes from
 * @param rhoBar {@code vtrace.rho_bar}
 * @param cBar {@code vtrace.c_bar}
 */
public record OffPolicy(
        Kind kind, Level level, Mode mode, double least, double cap, Proximal proximal, double rhoBar, double cBar) {

    /** Which correction. */
    public enum Kind {
        /** The trust region lies around the behaviour policy, and nothing is weighed. */
        NONE,
        /** Decoupled PPO (Hilton et al. 2022, arXiv 2110.00641; AReaL): a completion's weight is a geometric mean. */
        DECOUPLED,
        /** Truncated importance sampling (Ionides 2008; as TRL and verl do): a completion's weight is a product. */
        TRUNCATED_IS,
        /** V-trace on tokens: advantages and values of the proximal policy ({@link dev.troupe.train.loss.VTrace}). */
        VTRACE
    }

    /** What has a weight. */
    public enum Level {
        TOKEN,
        SEQUENCE
    }

    /** What becomes of a weight out of bounds. */
    public enum Mode {
        TRUNCATE,
        MASK
    }

    /** Where proximal log-probabilities come from. */
    public enum Proximal {
        /** A forward pass of the policy before the update. */
        RECOMPUTE,
        /** A line between behaviour and current one, by their versions (AReaL). */
        LOGLINEAR
    }

    /** No correction. */
    public static final OffPolicy NONE =
            new OffPolicy(Kind.NONE, Level.TOKEN, Mode.TRUNCATE, 0, 1, Proximal.RECOMPUTE, 1, 1);

    public OffPolicy {
        if (!(least >= 0 && least <= 1)) {
            throw new IllegalArgumentException("off_policy.min = " + least + ": expected 0 to 1");
        }
        if (!(cap >= 1)) {
            throw new IllegalArgumentException("off_policy.cap = " + cap + ": expected at least 1");
        }
        if (!(rhoBar > 0)) {
            throw new IllegalArgumentException("vtrace.rho_bar = " + rhoBar + ": expected above 0");
        }
        if (!(cBar > 0)) {
            throw new IllegalArgumentException("vtrace.c_bar = " + cBar + ": expected above 0");
        }
        if (kind == Kind.VTRACE && proximal == Proximal.LOGLINEAR) {
            throw new IllegalArgumentException(
                    "off_policy.proximal = loglinear: vtrace needs the proximal policy before"
                            + " the first pass; expected recompute");
        }
    }

    /** Refuses an algorithm that this does not fit; the error names the key. */
    public void requireFits(Algorithm algorithm) {
        if (kind == Kind.NONE) {
            return;
        }
        if (algorithm.needs().pairs() || algorithm.needs().teacher() != null) {
            throw new IllegalArgumentException("off_policy.correction = " + Check.lower(kind) + ": " + algorithm.name()
                    + " has no ratio to correct; expected none");
        }
        if (kind == Kind.VTRACE && !algorithm.needs().value()) {
            throw new IllegalArgumentException("off_policy.correction = vtrace: it needs a value model, which "
                    + algorithm.name() + " has not; expected none, decoupled or truncated_is, or algorithm = ppo");
        }
        if (weighs() && level == Level.TOKEN && algorithm.needs().wholeCompletions()) {
            throw new IllegalArgumentException(
                    "off_policy.level = token: " + algorithm.name() + " weighs whole completions; expected sequence");
        }
    }

    /** Whether tokens get a weight. */
    public boolean weighs() {
        return kind == Kind.DECOUPLED || kind == Kind.TRUNCATED_IS;
    }

    /** Whether the update begins with a forward pass for the proximal log-probabilities. */
    public boolean recomputes() {
        return kind != Kind.NONE && proximal == Proximal.RECOMPUTE;
    }

    /** Whether proximal log-probabilities follow the current ones. */
    public boolean follows() {
        return weighs() && proximal == Proximal.LOGLINEAR;
    }

    /**
     * The weights of a completion's tokens.
     *
     * @param behaviour [n] log-probabilities
     * @param proximal [n] log-probabilities
     * @return [n]; all 1 where nothing is weighed
     */
    public double[] weights(double[] behaviour, double[] proximal) {
        double[] weights = new double[behaviour.length];
        double sum = 0;
        for (int t = 0; t < weights.length; t++) {
            double d = proximal[t] - behaviour[t];
            sum += d;
            weights[t] = weighs() ? bounded(Math.exp(d)) : 1;
        }
        if (weighs() && level == Level.SEQUENCE) {
            double w = bounded(Math.exp(kind == Kind.DECOUPLED ? sum / weights.length : sum));
            java.util.Arrays.fill(weights, w);
        }
        return weights;
    }

    private double bounded(double weight) {
        if (mode == Mode.MASK) {
            return weight < least || weight > cap ? 0 : weight;
        }
        return Math.max(least, Math.min(cap, weight));
    }

    /**
     * Proximal log-probabilities on the line between behaviour and current ones:
     * {@code a = (v_proximal - v_behaviour) / (v_current - v_behaviour)}, and the current version is the one in the
     * making, one above the proximal.
     *
     * @param versions [n] that sampled the tokens
     * @param proximalVersion that the update starts from
     */
    public static double[] logLinear(double[] behaviour, double[] current, long[] versions, long proximalVersion) {
        double[] proximal = new double[behaviour.length];
        for (int t = 0; t < proximal.length; t++) {
            double a = (double) (proximalVersion - versions[t]) / (proximalVersion + 1 - versions[t]);
            proximal[t] = behaviour[t] + a * (current[t] - behaviour[t]);
        }
        return proximal;
    }
}
