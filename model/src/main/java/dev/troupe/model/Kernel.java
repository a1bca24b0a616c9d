package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.UUID;

/** The forward and backward passes of kernel.py, in place of autograd over decoder.py; for families it knows. */
final class Kernel implements Trunk {
    private final Script script;
    private final TensorList weights;
    private final TensorList gradients;
    private final int[] dims;
    private final double[] numbers;
    private final boolean checkpointing;

    /**
     * @param weights as the script looks for them; closed by whoever made it
     * @param gradients in the same places, empty for what is not trained
     * @param checkpointing keep only the layers' inputs, and compute each layer a second time on the way back
     */
    Kernel(Script script, TensorList weights, NDList gradients, int[] dims, double[] numbers, boolean checkpointing) {
        this.script = script;
        this.weights = weights;
        this.gradients = TensorList.of(gradients);
        this.dims = dims;
        this.numbers = numbers;
        this.checkpointing = checkpointing;
    }

    @Override
    public NDArray hidden(Batch batch) {
        try (TensorList made = forward(batch, false)) {
            return script.tensor(batch.manager(), "pick", made, 0);
        }
    }

    /** What is kept for the backward pass lives until then, or until the batch's end. */
    @Override
    public Pass begin(Batch batch) {
        TensorList made = forward(batch, true);
        batch.manager().attachInternal(UUID.randomUUID().toString(), made);
        return new Pass(script.tensor(batch.manager(), "pick", made, 0), d -> backward(batch, made, d));
    }

    private TensorList forward(Batch batch, boolean keep) {
        return script.list(
                "hidden_by_channel",
                batch.ids(),
                batch.positions(),
                batch.segments(),
                batch.selected(),
                weights,
                dims,
                numbers,
                keep,
                checkpointing && keep);
    }

    private void backward(Batch batch, TensorList made, NDArray d) {
        script.run(
                "hidden_backward",
                d,
                made,
                checkpointing,
                batch.ids(),
                batch.selected(),
                weights,
                gradients,
                dims,
                numbers);
        made.close();
    }

    @Override
    public void close() {
        gradients.close();
    }
}
