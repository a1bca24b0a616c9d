package dev.troupe.learner.ppo;

import org.jspecify.annotations.Nullable;

/** Some rows of a mini-batch on one model's device, ready for any number of passes. Used on the model's thread. */
interface MicroBatch extends AutoCloseable {
    /** Forward, loss and backward: adds to the model's gradients and returns the loss's statistics, which add up. */
    float[] accumulate();

    /** The first number of the last pass that was not finite, or null. */
    @Nullable
    Fault fault();

    @Override
    void close();
}
