package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;

/** Gradients on the calling thread, which must be a {@link TensorThread}: there they are off unless switched on here. */
public final class Autograd {
    private Autograd() {}

    /** What {@link #record()} returns; closing it puts the thread back to how it was. */
    public static final class Recording implements AutoCloseable {
        private final boolean before = JniUtils.isGradMode();

        private Recording() {
            JniUtils.setGradMode(true);
        }

        @Override
        public void close() {
            JniUtils.setGradMode(before);
        }
    }

    /** Records operations for a backward pass until closed. */
    public static Recording record() {
        return new Recording();
    }

    /** Adds d(loss)/d(parameter) to the gradient of every parameter below a scalar loss, and frees the graph. */
    public static void backward(NDArray loss) {
        try (NDArray one = loss.getManager().ones(loss.getShape(), loss.getDataType())) {
            backward(loss, one);
        }
    }

    /** As {@link #backward(NDArray)} for any output, given the loss's gradient with respect to it (same shape). */
    public static void backward(NDArray output, NDArray gradient) {
        JniUtils.backward((PtNDArray) output, (PtNDArray) gradient, false, false);
    }
}
