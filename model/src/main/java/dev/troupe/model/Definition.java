package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * decoder.py itself, differentiated by autograd. With checkpointing only the layers' inputs are kept, and each layer is
 * computed a second time on the way back (Chen et al. 2016, arXiv 1604.06174): the same operations, so the same
 * gradients.
 */
final class Definition implements Trunk {
    private final Script script;
    private final Supplier<TensorList> weights;
    private final int[] dims;
    private final double[] numbers;
    private final boolean checkpointing;
    private final boolean embeddingTrained;

    /** @param weights the list of a pass, asked for at its beginning */
    Definition(
            Script script,
            Supplier<TensorList> weights,
            int[] dims,
            double[] numbers,
            boolean checkpointing,
            boolean embeddingTrained) {
        this.script = script;
        this.weights = weights;
        this.dims = dims;
        this.numbers = numbers;
        this.checkpointing = checkpointing;
        this.embeddingTrained = embeddingTrained;
    }

    @Override
    public NDArray hidden(Batch batch) {
        return script.tensor(
                batch.manager(),
                "hidden",
                batch.ids(),
                batch.positions(),
                batch.segments(),
                batch.selected(),
                weights.get(),
                dims,
                numbers);
    }

    @Override
    public Pass begin(Batch batch) {
        if (checkpointing) {
            return new Layers(batch).pass();
        }
        try (Autograd.Pause on = Autograd.resume()) {
            NDArray hidden = hidden(batch);
            return new Pass(hidden, d -> backward(hidden, d));
        }
    }

    private static void backward(NDArray output, NDArray gradient) {
        JniUtils.backward((PtNDArray) output, (PtNDArray) gradient, false, false);
    }

    /** One pass, layer by layer. */
    private final class Layers {
        private final Batch batch;
        private final NDManager scope;
        private final List<NDArray> inputs = new ArrayList<>();
        private final NDList begun;
        private final TensorList w = weights.get();

        Layers(Batch batch) {
            this.batch = batch;
            this.scope = batch.manager();
            this.begun = start(scope);
        }

        private NDList start(NDManager manager) {
            return script.tensors(manager, "start", batch.ids(), batch.positions(), batch.segments(), w, dims, numbers);
        }

        Pass pass() {
            NDArray x = begun.get(0);
            for (int i = 0; i < dims[0]; i++) {
                inputs.add(x);
                x = layer(scope, x, i);
            }
            inputs.add(x);
            return new Pass(script.tensor(scope, "final", x, w, numbers), this::backward);
        }

        private NDArray layer(NDManager manager, NDArray x, int i) {
            return script.tensor(manager, "layer", x, begun, batch.selected(), w, i, dims, numbers);
        }

        private void backward(NDArray arrived) {
            NDArray d = arrived;
            for (int i = dims[0]; i >= 0; i--) {
                NDArray before = d;
                d = through(i, before);
                if (before != arrived) {
                    before.close();
                }
            }
            if (embeddingTrained) {
                try (Autograd.Pause on = Autograd.resume();
                        NDManager once = Libtorch.scope()) {
                    Definition.backward(start(once).get(0), d);
                }
            }
            d.close();
        }

        /** The gradient of input i, given that of the next one (or, of the last, of the hidden states). */
        private NDArray through(int i, NDArray d) {
            NDArray x = inputs.get(i);
            x.setRequiresGradient(true);
            try (Autograd.Pause on = Autograd.resume();
                    NDManager once = Libtorch.scope()) {
                NDArray out = i == dims[0] ? script.tensor(once, "final", x, w, numbers) : layer(once, x, i);
                Definition.backward(out, d);
            }
            NDArray gradient = JniUtils.getGradient((PtNDArray) x);
            gradient.attach(scope);
            if (i > 0) {
                x.close();
            }
            return gradient;
        }
    }

    @Override
    public void close() {}
}
