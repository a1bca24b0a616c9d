package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.troupe.proto.TensorSet;
import java.util.List;

/**
 * A decoder's weights on the device and the one forward pass over them that training, scoring and decoding share. To be
 * used on one {@link TensorThread}.
 */
public final class Decoder implements AutoCloseable {
    private final ModelConfig config;

    private Decoder(ModelConfig config) {
        this.config = config;
    }

    /** Puts weights on the device; names and shapes must be the configuration's, errors name the tensor. */
    public static Decoder load(ModelConfig config, TensorSet weights, boolean trainable) {
        return new Decoder(config);
    }

    /** The shape of this decoder. */
    public ModelConfig config() {
        return config;
    }

    /** The live weights under their Hugging Face names, a copy. */
    public TensorSet export() {
        throw new UnsupportedOperationException();
    }

    /** Puts other weights of the same names and shapes in place, all or (on an error) none. */
    public void assign(TensorSet weights) {
        throw new UnsupportedOperationException();
    }

    /** SHA-256 of what is on the device now: equals {@link TensorSet#sha256()} of what was assigned. */
    public String liveSha256() {
        throw new UnsupportedOperationException();
    }

    /** Log-probability of each completion token under logits / temperature (1 for plain); at most maxRows rows a pass. */
    public List<float[]> logprobs(List<TokenRow> rows, double temperature, int maxRows) {
        throw new UnsupportedOperationException();
    }

    /** The score head before each completion token and after the last: completionLength + 1 values a row. */
    public List<float[]> values(List<TokenRow> rows, int maxRows) {
        throw new UnsupportedOperationException();
    }

    /** The score head at each row's last token. */
    public float[] scores(List<TokenRow> rows, int maxRows) {
        throw new UnsupportedOperationException();
    }

    /** [N] log-probabilities of the batch's targets; recorded for a backward pass inside {@link Autograd#record()}. */
    public NDArray logprobs(Batch batch, double temperature) {
        throw new UnsupportedOperationException();
    }

    /** As {@link #logprobs(Batch, double)}, and the entropy [N] of each distribution (without a gradient of its own). */
    public NDList logprobsAndEntropy(Batch batch, double temperature) {
        throw new UnsupportedOperationException();
    }

    /** [N, vocabulary] logits at the batch's outputs. */
    public NDArray logits(Batch batch) {
        throw new UnsupportedOperationException();
    }

    /** [N] outputs of the score head; recorded for a backward pass inside {@link Autograd#record()}. */
    public NDArray values(Batch batch) {
        throw new UnsupportedOperationException();
    }

    /** The trainable tensors (some hold several Hugging Face tensors fused), in the order of {@link #names()}. */
    public NDList parameters() {
        throw new UnsupportedOperationException();
    }

    /** Names of {@link #parameters()}. */
    public List<String> names() {
        throw new UnsupportedOperationException();
    }

    /** The accumulated gradients of {@link #parameters()}, in their order, attached to the decoder; zeros where none came. */
    public NDList gradients() {
        throw new UnsupportedOperationException();
    }

    /** The accumulated gradients under the Hugging Face names, a copy. */
    public TensorSet exportGradients() {
        throw new UnsupportedOperationException();
    }

    /** Sets the accumulated gradients to zero. */
    public void zeroGrad() {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
