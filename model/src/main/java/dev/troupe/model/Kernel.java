package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * The forward and backward passes of kernel.py, in place of autograd over decoder.py. The output is the beginning of the
 * caller's graph; when the backward pass arrives there, the gradients of the weights are added to.
 */
final class Kernel implements AutoCloseable {
    private final Script script;
    private final TensorList weights;
    private final TensorList gradients;
    private final int[] dims;
    private final double eps;

    Kernel(Script script, DeviceWeights weights, NDList gradients, int[] dims, double eps) {
        this.script = script;
        this.weights = weights.slots();
        this.gradients = TensorList.of(weights.inSlots(gradients));
        this.dims = dims;
        this.eps = eps;
    }

    /** Log-probabilities [N], without a backward pass. */
    NDArray logprobs(Batch batch, double temperature) {
        return script.tensor(batch.manager(), "fast_logprobs", arguments(batch, batch.targets(), temperature));
    }

    /** Scores [N], without a backward pass. */
    NDArray scores(Batch batch) {
        return script.tensor(batch.manager(), "fast_scores", arguments(batch));
    }

    /** Log-probabilities [N], which begin a graph, and entropies [N]. */
    NDList logprobsAndEntropy(Batch batch, double temperature) {
        TensorList made = forward(batch, "train_logprobs", batch.targets(), temperature);
        NDArray logprobs = script.tensor(batch.manager(), "pick", made, 0);
        NDArray entropy = script.tensor(batch.manager(), "pick", made, 1);
        Autograd.defer(logprobs, d -> backward(batch, "logprobs_backward", d, made, batch.targets(), temperature));
        return new NDList(logprobs, entropy);
    }

    /** Scores [N], which begin a graph. */
    NDArray scoresToTrain(Batch batch) {
        TensorList made = forward(batch, "train_scores");
        NDArray scores = script.tensor(batch.manager(), "pick", made, 0);
        Autograd.defer(scores, d -> backward(batch, "scores_backward", d, made));
        return scores;
    }

    /**
     * Runs with gradients off, for the kernel needs no graph. What it keeps lives until the backward pass or the
     * batch's end.
     */
    private TensorList forward(Batch batch, String method, Object... more) {
        try (Autograd.Pause pause = Autograd.pause()) {
            TensorList made = script.list(method, arguments(batch, more));
            batch.manager().attachInternal(UUID.randomUUID().toString(), made);
            return made;
        }
    }

    private Object[] arguments(Batch batch, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of(batch.ids(), batch.positions(), batch.segments()));
        arguments.addAll(List.of(batch.selected(), weights, dims, eps));
        arguments.addAll(List.of(more));
        return arguments.toArray();
    }

    private void backward(Batch batch, String method, NDArray d, TensorList made, Object... more) {
        List<Object> arguments =
                new ArrayList<>(List.of(d, made, batch.ids(), batch.selected(), weights, gradients, dims));
        arguments.addAll(List.of(more));
        script.run(method, arguments.toArray());
        made.close();
    }

    @Override
    public void close() {
        gradients.close();
    }
}
