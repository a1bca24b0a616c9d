package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.util.UUID;

/**
 * The head over hidden states, a chunk of positions at a time (head.py). Where gradients are recorded its outputs begin
 * the caller's graph; when the backward pass arrives there, the head's gradient is added to and the rest handed on.
 */
final class Head {
    /** Logits of one chunk: 32 MB. */
    private static final int CHUNK_NUMBERS = 1 << 23;

    private final Script script;
    private final NDArray weight;
    private final NDArray gradient;
    private final double cap;
    private int chunk;

    /**
     * @param weight [V, D], or [1, D] for scores
     * @param gradient of the same shape, or empty if the head is not trained
     * @param cap of the logits; 0 for none
     */
    Head(Script script, NDArray weight, NDArray gradient, double cap) {
        this.script = script;
        this.weight = weight;
        this.gradient = gradient;
        this.cap = cap;
        this.chunk = (int) Math.max(1, CHUNK_NUMBERS / weight.getShape().get(0));
    }

    /** Positions a chunk from now on. */
    void chunk(int positions) {
        chunk = positions;
    }

    /** The same weight where whole distributions matter; some six numbers are held there for each logit. */
    DistillationHead distillation() {
        return new DistillationHead(script, weight, gradient, Math.max(1, chunk / 4), cap);
    }

    /** Log-probabilities [N] of the batch's targets. */
    NDArray logprobs(Batch batch, NDArray hidden, double temperature) {
        NDArray h = over(batch.manager(), hidden, temperature);
        return script.tensor(batch.manager(), "head_logprobs", h, weight, batch.targets(), chunk, cap / temperature);
    }

    /** Scores [N]. */
    NDArray scores(Batch batch, NDArray hidden) {
        return script.tensor(batch.manager(), "head_scores", hidden, weight);
    }

    /**
     * Log-probabilities [N] and entropies [N].
     *
     * @param entropies whether these begin a graph too, as the log-probabilities do
     */
    NDList trainLogprobs(Batch batch, Trunk trunk, double temperature, boolean entropies) {
        try (Autograd.Pause pause = Autograd.pause()) {
            Trunk.Pass pass = trunk.begin(batch);
            NDManager scope = batch.manager();
            NDArray h = over(scope, pass.hidden(), temperature);
            double over = cap / temperature;
            TensorList made = cap > 0
                    ? script.list("capped_head_forward", h, weight, batch.targets(), chunk, over)
                    : script.list("head_forward", h, weight, batch.targets(), chunk);
            scope.attachInternal(UUID.randomUUID().toString(), made);
            NDArray logprobs = script.tensor(scope, "pick", made, 0);
            NDArray spread = script.tensor(scope, "pick", made, 1);
            spread.setRequiresGradient(entropies);
            Autograd.defer(logprobs, d -> {
                try (NDArray e = entropies ? spread.getGradient() : scope.create(new float[0]);
                        NDArray back = cap > 0
                                ? script.tensor(
                                        scope,
                                        "capped_head_backward",
                                        d,
                                        e,
                                        h,
                                        weight,
                                        batch.targets(),
                                        gradient,
                                        chunk,
                                        over)
                                : script.tensor(
                                        scope,
                                        "head_backward",
                                        d,
                                        e,
                                        h,
                                        weight,
                                        batch.targets(),
                                        made,
                                        gradient,
                                        chunk);
                        NDArray scaled = over(scope, back, temperature)) {
                    made.close();
                    pass.backward().accept(scaled);
                }
            });
            return new NDList(logprobs, spread);
        }
    }

    /** Scores [N], which begin a graph. */
    NDArray trainScores(Batch batch, Trunk trunk) {
        try (Autograd.Pause pause = Autograd.pause()) {
            Trunk.Pass pass = trunk.begin(batch);
            NDArray scores = scores(batch, pass.hidden());
            Autograd.defer(scores, d -> {
                try (NDArray back =
                        script.tensor(batch.manager(), "head_scores_backward", d, pass.hidden(), weight, gradient)) {
                    pass.backward().accept(back);
                }
            });
            return scores;
        }
    }

    /** x over the temperature; x itself at 1. */
    NDArray over(NDManager scope, NDArray x, double temperature) {
        return temperature == 1 ? x : script.tensor(scope, "over", x, temperature);
    }
}
