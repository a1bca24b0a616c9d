package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dev.troupe.proto.TensorSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A decoder's weights on the device and the one forward pass over them that training, scoring and decoding share
 * (decoder.py beside this class). To be used on one {@link TensorThread}. Outputs for a {@link Batch} live as long as
 * the batch.
 */
public final class Decoder implements AutoCloseable {
    private final ModelConfig config;
    private final Script script;
    private final DeviceWeights weights;
    private final int[] dims;
    private final NDList gradients = new NDList();
    private @Nullable Kernel kernel;

    private Decoder(ModelConfig config, TensorSet set, boolean trainable) {
        this.config = config;
        this.script = Script.load(Decoder.class, "decoder.py", "kernel.py");
        this.weights = new DeviceWeights(config, set, script);
        this.dims = dims(config);
        if (trainable) {
            allocateGradients();
        }
        this.kernel = config.family().qkNorm() ? null : new Kernel(script, weights, gradients, dims, config.normEps());
    }

    /** Puts weights on the device; names and shapes must be the configuration's, errors name the tensor. */
    public static Decoder load(ModelConfig config, TensorSet weights, boolean trainable) {
        return new Decoder(config, weights, trainable);
    }

    static int[] dims(ModelConfig config) {
        return new int[] {config.layers(), config.kvHeads(), config.heads() / config.kvHeads(), config.headDim()};
    }

    /**
     * One backward pass through nothing makes every gradient exist. From then on libtorch adds into these tensors, so
     * they can be held for the decoder's life.
     */
    private void allocateGradients() {
        for (NDArray leaf : weights.leaves()) {
            leaf.setRequiresGradient(true);
        }
        try (Autograd.Recording on = Autograd.record();
                NDArray nothing = script.tensor(weights.leaves().get(0).getManager(), "nothing", weights.leafList())) {
            Autograd.backward(nothing);
        }
        for (NDArray leaf : weights.leaves()) {
            gradients.add(JniUtils.getGradient((PtNDArray) leaf));
        }
    }

    /** The shape of this decoder. */
    public ModelConfig config() {
        return config;
    }

    /** The live weights under their Hugging Face names, a copy. */
    public TensorSet export() {
        return weights.export();
    }

    /** Puts other weights of the same names and shapes in place, all or (on an error) none. */
    public void assign(TensorSet set) {
        weights.assign(set);
    }

    /** SHA-256 of what is on the device now: equals {@link TensorSet#sha256()} of what was assigned. */
    public String liveSha256() {
        return weights.export().sha256();
    }

    /**
     * Log-probability of each completion token under logits / temperature (1 for plain); at most maxRows rows a pass.
     */
    public List<float[]> logprobs(List<TokenRow> rows, double temperature, int maxRows) {
        return byLength(rows, Batch.Kind.COMPLETION, maxRows, batch -> logprobs(batch, temperature));
    }

    /** The score head before each completion token and after the last: completionLength + 1 values a row. */
    public List<float[]> values(List<TokenRow> rows, int maxRows) {
        return byLength(rows, Batch.Kind.STATES, maxRows, this::values);
    }

    /** The score head at each row's last token. */
    public float[] scores(List<TokenRow> rows, int maxRows) {
        List<float[]> each = byLength(rows, Batch.Kind.LAST, maxRows, this::values);
        float[] scores = new float[rows.size()];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = each.get(i)[0];
        }
        return scores;
    }

    /** Rows of like length share a pass, so that little of it is padding; answers come in the rows' own order. */
    private static List<float[]> byLength(
            List<TokenRow> rows, Batch.Kind kind, int maxRows, Function<Batch, NDArray> pass) {
        if (maxRows < 1) {
            throw new IllegalArgumentException("at most " + maxRows + " rows a pass: expected at least 1");
        }
        Integer[] order = IntStream.range(0, rows.size()).boxed().toArray(Integer[]::new);
        Arrays.sort(order, Comparator.comparingInt(i -> rows.get(i).length()));
        float[][] answers = new float[rows.size()][];
        for (int from = 0; from < order.length; from += maxRows) {
            int to = Math.min(from + maxRows, order.length);
            List<TokenRow> some = new ArrayList<>(to - from);
            for (int i = from; i < to; i++) {
                some.add(rows.get(order[i]));
            }
            try (Batch batch = Batch.of(some, kind)) {
                float[] flat =
                        batch.outputs() == 0 ? new float[0] : pass.apply(batch).toFloatArray();
                for (int i = from; i < to; i++) {
                    answers[order[i]] =
                            Arrays.copyOfRange(flat, batch.offsets()[i - from], batch.offsets()[i - from + 1]);
                }
            }
        }
        return Arrays.asList(answers);
    }

    /** [N] log-probabilities of the batch's targets; recorded for a backward pass inside {@link Autograd#record()}. */
    public NDArray logprobs(Batch batch, double temperature) {
        requireHead(false, "log-probabilities");
        if (kernel != null) {
            checkWidth(batch);
            return Autograd.isRecording()
                    ? kernel.logprobsAndEntropy(batch, temperature).get(0)
                    : kernel.logprobs(batch, temperature);
        }
        return script.tensor(batch.manager(), "logprobs", head(batch, batch.targets(), temperature));
    }

    /**
     * As {@link #logprobs(Batch, double)}, and with it the entropy [N] of each distribution, which has no gradient.
     *
     * @return log-probabilities, entropies
     */
    public NDList logprobsAndEntropy(Batch batch, double temperature) {
        requireHead(false, "log-probabilities");
        if (kernel != null && Autograd.isRecording()) {
            checkWidth(batch);
            return kernel.logprobsAndEntropy(batch, temperature);
        }
        return script.tensors(batch.manager(), "logprobs_and_entropy", head(batch, batch.targets(), temperature));
    }

    /** From now on the definition itself computes, and autograd differentiates it: what the kernel is held to. */
    void withoutKernel() {
        kernel = null;
    }

    /** [N, vocabulary] logits at the batch's outputs. */
    public NDArray logits(Batch batch) {
        requireHead(false, "logits");
        return script.tensor(batch.manager(), "head", head(batch));
    }

    /** [N] outputs of the score head; recorded for a backward pass inside {@link Autograd#record()}. */
    public NDArray values(Batch batch) {
        requireHead(true, "values");
        if (kernel != null) {
            checkWidth(batch);
            return Autograd.isRecording() ? kernel.scoresToTrain(batch) : kernel.scores(batch);
        }
        return script.tensor(batch.manager(), "scores", head(batch));
    }

    private void checkWidth(Batch batch) {
        if (batch.width() > config.maxPositions()) {
            throw new ModelException("a row of " + batch.width() + " tokens is longer than the model's context of "
                    + config.maxPositions());
        }
    }

    private Object[] head(Batch batch, Object... more) {
        checkWidth(batch);
        List<Object> arguments = new ArrayList<>(List.of(batch.ids(), batch.positions(), batch.segments()));
        arguments.addAll(List.of(batch.selected(), weights.slots(), dims, config.normEps()));
        arguments.addAll(Arrays.asList(more));
        return arguments.toArray();
    }

    private void requireHead(boolean score, String what) {
        if (config.scoreHead() != score) {
            throw new ModelException(what + " were asked of a model with a " + (score ? "language-model" : "score")
                    + " head; that needs a " + (score ? "score" : "language-model") + " head");
        }
    }

    /** The trainable tensors (some hold several Hugging Face tensors fused), in the order of {@link #names()}. */
    public NDList parameters() {
        return weights.leaves();
    }

    /** Names of {@link #parameters()}. */
    public List<String> names() {
        return weights.names();
    }

    /**
     * The accumulated gradients of {@link #parameters()}, in their order: the live tensors, the same ones every time.
     */
    public NDList gradients() {
        if (gradients.isEmpty()) {
            throw new IllegalStateException("this decoder was loaded as not trainable");
        }
        return gradients;
    }

    /** The accumulated gradients under the Hugging Face names, a copy. */
    public TensorSet exportGradients() {
        return weights.split(gradients());
    }

    /** Sets the accumulated gradients to zero. */
    public void zeroGrad() {
        script.run("zero", gradients());
    }

    @Override
    public void close() {
        if (kernel != null) {
            kernel.close();
        }
        weights.close();
        script.close();
    }
}
