package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.List;

/**
 * The forward and backward passes of train.py, in place of autograd over decoder.py. The output is the beginning of the
 * caller's graph; when the backward pass arrives there, the gradients of the weights are added to.
 */
final class TrainingKernel implements AutoCloseable {
    private static final int OUTPUTS = 2;

    private final Script script;
    private final TensorList weights;
    private final TensorList gradients;
    private final int[] dims;
    private final double eps;

    TrainingKernel(Script script, DeviceWeights weights, NDList gradients, int[] dims, double eps) {
        this.script = script;
        this.weights = weights.slots();
        this.gradients = TensorList.of(weights.inSlots(gradients));
        this.dims = dims;
        this.eps = eps;
    }

    /** Log-probabilities [N], which begin a graph, and entropies [N]. */
    NDList logprobsAndEntropy(Batch batch, double temperature) {
        NDList made = plain(() -> script.tensors(
                batch.manager(),
                "train_logprobs",
                batch.ids(),
                batch.positions(),
                batch.segments(),
                batch.selected(),
                weights,
                dims,
                eps,
                batch.targets(),
                temperature));
        Autograd.defer(made.get(0), d -> {
            script.run(
                    "logprobs_backward",
                    d,
                    made,
                    batch.ids(),
                    batch.selected(),
                    batch.targets(),
                    weights,
                    gradients,
                    dims,
                    temperature);
            free(made, OUTPUTS);
        });
        return new NDList(made.get(0), made.get(1));
    }

    /** Scores [N], which begin a graph. */
    NDArray scores(Batch batch) {
        NDList made = plain(() -> script.tensors(
                batch.manager(),
                "train_scores",
                batch.ids(),
                batch.positions(),
                batch.segments(),
                batch.selected(),
                weights,
                dims,
                eps));
        Autograd.defer(made.get(0), d -> {
            script.run("scores_backward", d, made, batch.ids(), batch.selected(), weights, gradients, dims);
            free(made, 1);
        });
        return made.get(0);
    }

    /** Runs with gradients off: the kernel needs no graph. */
    private static NDList plain(java.util.function.Supplier<NDList> work) {
        try (Autograd.Pause pause = Autograd.pause()) {
            return work.get();
        }
    }

    /** What was saved for the backward pass is large and no longer needed, so it does not wait for the batch's end. */
    private static void free(List<NDArray> made, int keep) {
        for (NDArray saved : made.subList(keep, made.size())) {
            saved.close();
        }
    }

    @Override
    public void close() {
        gradients.close();
    }
}
