package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gradients on the calling thread, which must be a {@link TensorThread}: there they are off unless switched on here.
 */
public final class Autograd {
    private Autograd() {}

    private static final ThreadLocal<@Nullable Recording> CURRENT = new ThreadLocal<>();

    /** What {@link #record()} returns; closing it puts the thread back to how it was. */
    public static final class Recording implements AutoCloseable {
        private final boolean before = JniUtils.isGradMode();
        private final @Nullable Recording outer = CURRENT.get();
        private final List<Deferred> deferred = new ArrayList<>();

        private Recording() {
            JniUtils.setGradMode(true);
            CURRENT.set(this);
        }

        @Override
        public void close() {
            JniUtils.setGradMode(before);
            CURRENT.set(outer);
        }
    }

    /** Gradients off (or on again) until closed. */
    static final class Pause implements AutoCloseable {
        private final boolean before = JniUtils.isGradMode();

        private Pause(boolean on) {
            JniUtils.setGradMode(on);
        }

        @Override
        public void close() {
            JniUtils.setGradMode(before);
        }
    }

    static Pause pause() {
        return new Pause(false);
    }

    /** On again for a while, within a pause. */
    static Pause resume() {
        return new Pause(true);
    }

    /** Where a graph ends at the output of a kernel that has a backward pass of its own. */
    private record Deferred(PtNDArray output, Consumer<NDArray> backward) {}

    /** Whether the calling thread records. */
    static boolean isRecording() {
        return CURRENT.get() != null;
    }

    /**
     * Makes a kernel's output the beginning of the graph that is recorded. The backward pass hands the gradient that
     * arrives there to the kernel, gradients off.
     */
    static void defer(NDArray output, Consumer<NDArray> backward) {
        Recording recording = CURRENT.get();
        if (recording == null) {
            throw new IllegalStateException("a kernel's output needs Autograd.record() around it");
        }
        output.setRequiresGradient(true);
        recording.deferred.add(new Deferred((PtNDArray) output, backward));
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
        Recording recording = CURRENT.get();
        JniUtils.backward((PtNDArray) output, (PtNDArray) gradient, false, false);
        if (recording == null) {
            return;
        }
        try (Pause pause = pause()) {
            for (Deferred kernel : recording.deferred) {
                try (NDArray arrived = JniUtils.getGradient(kernel.output)) {
                    kernel.backward.accept(arrived);
                }
            }
            recording.deferred.clear();
        }
    }
}
