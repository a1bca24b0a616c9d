package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import java.util.function.Consumer;

/** The way from tokens to final hidden states, without the head, and the way of a gradient back. */
interface Trunk extends AutoCloseable {
    /** Final hidden states [N, D] at a batch's outputs, without a backward pass. */
    NDArray hidden(Batch batch);

    /** The same, to be led back; gradients are added to when that happens. */
    Pass begin(Batch batch);

    /**
     * A forward pass that waits for its gradient.
     *
     * @param hidden final hidden states [N, D]
     * @param backward takes the gradient with respect to them, once
     */
    record Pass(NDArray hidden, Consumer<NDArray> backward) {}

    @Override
    void close();
}
