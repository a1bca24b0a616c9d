package dev.troupe.train.algorithm;

/**
 * The coefficient of the KL, fixed or adaptive (Ziegler et al. 2019, arXiv 1909.08593, section 2.2): after a batch of n
 * trajectories with mean KL k, {@code coef *= 1 + clip(k / target - 1, -0.2, 0.2) n / horizon}.
 */
public final class KlControl {
    private static final double LIMIT = 0.2;

    private final double target;
    private final double horizon;
    private double coefficient;

    private KlControl(double coefficient, double target, double horizon) {
        this.coefficient = coefficient;
        this.target = target;
        this.horizon = horizon;
    }

    /** A coefficient that stays. */
    public static KlControl fixed(double coefficient) {
        return new KlControl(coefficient, 0, 1);
    }

    /**
     * One that is led towards a KL.
     *
     * @param target {@code kl.target}, nats a completion
     * @param horizon {@code kl.horizon}, trajectories
     */
    public static KlControl adaptive(double coefficient, double target, double horizon) {
        Check.above("kl.target", target, 0);
        Check.above("kl.horizon", horizon, 0);
        return new KlControl(coefficient, target, horizon);
    }

    /** The coefficient as it is now. */
    public double coefficient() {
        return coefficient;
    }

    /** Goes on from a checkpoint. */
    public void restore(double saved) {
        if (target > 0) {
            coefficient = saved;
        }
    }

    /** A batch of n trajectories had this mean KL. */
    public void observe(double kl, int trajectories) {
        if (target > 0) {
            double error = Math.max(-LIMIT, Math.min(LIMIT, kl / target - 1));
            // A batch larger than the horizon counts as one of its size: the coefficient never changes its sign.
            coefficient *= 1 + error * Math.min(1, trajectories / horizon);
        }
    }
}
