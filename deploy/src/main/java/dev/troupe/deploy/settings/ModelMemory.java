package dev.troupe.deploy.settings;

import dev.troupe.model.DecodeEngine;
import dev.troupe.model.Dtype;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.Numerics;

/**
 * What a decoder needs in memory, in bytes, reckoned from its shape. The arithmetic follows the kernel: what it keeps
 * of each layer, and the head's chunks.
 *
 * @param model the shape
 * @param numerics number format, and what is kept for the backward pass
 */
public record ModelMemory(ModelConfig model, Numerics numerics) {
    private static final long FLOAT = Float.BYTES;
    /** Numbers of the head's logits that exist at once: one chunk, its distributions, and what comes of them. */
    private static final long HEAD = 3L << 23;

    /** Parameters; biases are too few to count. */
    public long parameters() {
        return matrices() + (2L * model.layers() + 1) * model.hidden();
    }

    private long matrices() {
        long embeddings = (long) model.vocabulary() * model.hidden() * (model.tied() || model.scoreHead() ? 1 : 2);
        return model.layers() * layerMatrices() + embeddings;
    }

    private long layerMatrices() {
        long attention = 2L * model.hidden() * model.heads() * model.headDim()
                + 2L * model.hidden() * model.kvHeads() * model.headDim();
        return attention + 3L * model.hidden() * model.intermediate();
    }

    /** The weights in their number format. */
    public long weights() {
        return matrices() * numerics.dtype().bytes() + (parameters() - matrices()) * FLOAT;
    }

    /**
     * Gradients, AdamW's two moments, and the fp32 numbers behind weights in bf16.
     *
     * @param held whether all but the gradients exists a second time, to go back to from an update that is skipped
     */
    public long optimizer(boolean held) {
        long stepped = parameters() * FLOAT;
        long master = numerics.dtype() == Dtype.FP32 ? 0 : stepped;
        long moments = 2 * stepped;
        return stepped + moments + master + (held ? moments + stepped : 0);
    }

    /** Weights as the decode engine holds them, and those that are on the way. */
    public long generating() {
        long head = model.tied()
                ? (long) model.vocabulary() * model.hidden() * numerics.dtype().bytes()
                : 0;
        int copies = DecodeEngine.holdsTwice(model, numerics.dtype()) ? 3 : 2;
        return copies * parameters() * FLOAT + head;
    }

    /** What a decode engine multiplies by, in fp32: the layers' matrices and the head. */
    public long packed() {
        return FLOAT * (model.layers() * layerMatrices() + (long) model.vocabulary() * model.hidden());
    }

    /** Keys and values of slots of length tokens. */
    public long cache(int slots, int length) {
        return 2
                * FLOAT
                * DecodeEngine.cachedTokens(slots, length)
                * model.layers()
                * model.kvHeads()
                * model.headDim();
    }

    /** A pass over rows of length tokens that keeps what the backward pass needs. */
    public long trained(long rows, long length) {
        long context = Math.min(length, model.maxPositions());
        long tokens = rows * context;
        long kept = numerics.gradientCheckpointing()
                ? layer(context) + (long) model.layers() * model.hidden()
                : model.layers() * layer(context);
        return FLOAT * (tokens * kept + head(tokens));
    }

    /** A pass that keeps one layer. */
    public long scored(long rows, long length) {
        long context = Math.min(length, model.maxPositions());
        return FLOAT * (rows * context * layer(context) + head(rows * context));
    }

    /** Numbers of a layer for each token: norms, projections, attention's probabilities up to the diagonal, mlp. */
    private long layer(long context) {
        long projected = (2L * model.heads() + 3L * model.kvHeads() + model.heads()) * model.headDim();
        long probabilities = model.heads() * context * 5 / 8;
        return 3L * model.hidden() + projected + probabilities + 4L * model.intermediate();
    }

    private long head(long tokens) {
        return model.scoreHead() ? tokens : Math.min(HEAD, 3 * tokens * model.vocabulary());
    }
}
