package dev.troupe.train.optim;

import dev.troupe.model.Decoder;
import dev.troupe.model.TensorList;
import dev.troupe.model.TensorThread;

/**
 * A second copy of a model's weights, for gradients of other rows at the same time: a decoder's gradients may only be
 * added to by one thread. The two copy methods are called on the model's thread while the twin's is at rest.
 */
public final class Twin implements AutoCloseable {
    private final Decoder decoder;
    private final TensorThread thread;
    private final TensorList weights;
    private final TensorList gradients;
    private final TensorList copiedWeights;
    private final TensorList copiedGradients;

    private Twin(Decoder model, Decoder decoder, TensorThread thread) {
        this.decoder = decoder;
        this.thread = thread;
        this.weights = TensorList.of(model.parameters());
        this.gradients = TensorList.of(model.gradients());
        this.copiedWeights = TensorList.of(decoder.parameters());
        this.copiedGradients = TensorList.of(decoder.gradients());
    }

    /** A twin of this model on another thread; an adapter's twin stands on the same base. */
    public static Twin of(TrainedModel model, TensorThread thread) {
        var set = model.thread().call(() -> model.decoder().export());
        Decoder copy = thread.call(() -> model.decoder().form().decoder(set, true));
        return new Twin(model.decoder(), copy, thread);
    }

    /** The copy. */
    public Decoder decoder() {
        return decoder;
    }

    /** Where the copy lives. */
    public TensorThread thread() {
        return thread;
    }

    /** Takes over the model's weights of now. */
    public void copyWeights() {
        AdamW.SCRIPT.run("copy", copiedWeights, weights);
    }

    /** Adds the copy's gradients to the model's and sets the copy's to zero. */
    public void handOverGradients() {
        AdamW.SCRIPT.run("add", gradients, copiedGradients);
    }

    @Override
    public void close() {
        weights.close();
        gradients.close();
        copiedWeights.close();
        copiedGradients.close();
        thread.run(decoder::close);
    }
}
