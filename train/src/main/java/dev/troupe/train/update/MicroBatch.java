package dev.troupe.train.update;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Some rows of a mini-batch on one model's device, ready for any number of passes. Used on the model's thread. */
interface MicroBatch extends AutoCloseable {
    /** In what {@link #accumulate} returns: the part of the mini-batch's loss. */
    String LOSS = "loss";

    /**
     * Forward, loss and backward: adds to the model's gradients and returns the loss's part and metrics by name, all of
     * which add up over the micro-batches of a mini-batch.
     */
    Map<String, Double> accumulate();

    /** The first number of the last pass that was not finite, or null. */
    @Nullable
    Fault fault();

    @Override
    void close();
}
