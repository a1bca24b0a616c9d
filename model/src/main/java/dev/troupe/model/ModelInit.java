package dev.troupe.model;

import dev.troupe.proto.TensorSet;

/** Weights for models that are made from nothing or from another model. */
public final class ModelInit {
    private ModelInit() {}

    /** Normal numbers of standard deviation 0.02 in matrices, ones in norms, zeros in biases; the same for the same seed. */
    public static TensorSet random(ModelConfig config, long seed) {
        throw new UnsupportedOperationException();
    }

    /** The decoder of a language model with a score head of zeros in the head's place. */
    public static TensorSet withScoreHead(TensorSet weights) {
        throw new UnsupportedOperationException();
    }
}
