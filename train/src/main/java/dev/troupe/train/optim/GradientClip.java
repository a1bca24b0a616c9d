package dev.troupe.train.optim;

import java.util.List;

/** Clipping of gradients to a joint Euclidean norm, as {@code torch.nn.utils.clip_grad_norm_}. */
public final class GradientClip {
    private static final double EPSILON = 1e-6;

    private GradientClip() {}

    /** The norm of everything whose parts have these norms. */
    public static double joint(List<float[]> norms) {
        double squares = 0;
        for (float[] part : norms) {
            for (float n : part) {
                squares += (double) n * n;
            }
        }
        return Math.sqrt(squares);
    }

    /** What to multiply gradients of this joint norm by; {@code maxNorm} 0 is off. */
    public static double scale(double norm, double maxNorm) {
        return maxNorm == 0 ? 1 : Math.min(1, maxNorm / (norm + EPSILON));
    }
}
