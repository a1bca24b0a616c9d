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
 * A decoder's weights on the device and the one forward pass over them that training and scoring share (decoder.py
 * beside this class), and decoding but for small models. To be used on one {@link TensorThread}. Outputs for a {@link
 * Batch} live as long as the batch.
 */
public final class Decoder implements AutoCloseable {
    private final ModelConfig config;
    private final ModelForm form;
    private final Script script;
    private final LiveWeights weights;
    private final int[] dims;
    private final Numerics numerics;
    private final NDList gradients = new NDList();
    private @Nullable Trunk trunk;
    /** Drops an adapter's inputs, which the kernel cannot; null if none are ever dropped. */
    private @Nullable Trunk dropping;

    private final Head head;
    /** Which of an adapter's inputs are dropped while recording; null for none. */
    private @Nullable Long dropSeed;

    private Decoder(ModelConfig config, TensorSet set, boolean trainable, Numerics numerics) {
        this.config = config;
        this.form = new WholeModel(config, numerics);
        this.numerics = numerics;
        this.script = Script.load(Decoder.class, "decoder.py", "linear.py", "kernel.py", "head.py", "divergence.py");
        boolean byKernel = config.byKernel();
        if (trainable) {
            WholeModel.requireTravels(config);
        }
        DeviceWeights live = new DeviceWeights(config, set, script, numerics.dtype(), byKernel || !trainable);
        this.weights = live;
        this.dims = config.dims();
        if (trainable) {
            allocateGradients(byKernel && numerics.dtype() == Dtype.BF16);
        }
        boolean checkpointing = numerics.gradientCheckpointing();
        this.trunk = byKernel
                ? new Kernel(script, live.slots(), live.inSlots(gradients), dims, config.numbers(), checkpointing)
                : new Definition(script, live::slots, dims, config.numbers(), checkpointing, trainable);
        this.head = new Head(
                script,
                live.slot(WeightLayout.HEAD_SLOT),
                live.inSlots(gradients).get(WeightLayout.HEAD_SLOT),
                config.logitCap());
    }

    private Decoder(AdaptedModel form, TensorSet adapter, boolean trainable) {
        this.config = form.config();
        this.form = form;
        this.numerics = form.numerics();
        this.script = form.base().script();
        AdapterWeights live = new AdapterWeights(form.base(), config, form.adapter(), adapter, script);
        this.weights = live;
        this.dims = config.dims();
        if (trainable) {
            allocateGradients(false);
        }
        boolean checkpointing = numerics.gradientCheckpointing();
        Trunk definition = new Definition(script, this::slots, dims, config.numbers(), checkpointing, false);
        this.trunk = config.byKernel()
                ? new Kernel(script, live.slots(), live.inPlaces(gradients), dims, config.numbers(), checkpointing)
                : definition;
        this.dropping = form.adapter().dropout() > 0 ? definition : null;
        this.head = new Head(script, live.head(), live.headGradient(gradients), config.logitCap());
    }

    private Decoder(FrozenBase base) {
        this.config = base.config();
        this.form = new WholeModel(config);
        this.numerics = Numerics.FP32;
        this.script = base.script();
        this.weights = new NoLiveWeights(base);
        this.dims = config.dims();
        this.trunk = config.byKernel()
                ? new Kernel(script, base.slots(), new NDList(), dims, config.numbers(), false)
                : new Definition(script, base::slots, dims, config.numbers(), false, false);
        this.head = new Head(script, base.places().get(WeightLayout.HEAD_SLOT), base.absent(), config.logitCap());
    }

    /** Puts weights on the device; names and shapes must be the configuration's, errors name the tensor. */
    public static Decoder load(ModelConfig config, TensorSet weights, boolean trainable) {
        return load(config, weights, trainable, Numerics.FP32);
    }

    /** As {@link #load(ModelConfig, TensorSet, boolean)}; numbers are rounded to the format that is asked for. */
    public static Decoder load(ModelConfig config, TensorSet weights, boolean trainable, Numerics numerics) {
        return new Decoder(config, weights, trainable, numerics);
    }

    /**
     * A decoder on a base that others stand on too, with an adapter of its own, which alone can be trained, assigned
     * and exported. Errors name the tensor that does not fit.
     */
    static Decoder over(AdaptedModel form, TensorSet adapter, boolean trainable) {
        return new Decoder(form, adapter, trainable);
    }

    /** The base itself, adapters off; it can only score. */
    public static Decoder over(FrozenBase base) {
        return new Decoder(base);
    }

    /**
     * One backward pass through nothing makes every gradient exist. From then on libtorch adds into these tensors, so
     * they can be held for the decoder's life.
     *
     * @param apart autograd has no part in it: gradients in fp32 of weights in bf16
     */
    private void allocateGradients(boolean apart) {
        if (apart) {
            gradients.addAll(script.tensors(weights.leaves().get(0).getManager(), "zeros_for", weights.leafList()));
            return;
        }
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

    /** What the tensors of this decoder are. */
    public ModelForm form() {
        return form;
    }

    /**
     * From the next recorded pass on, drops the share of an adapter's inputs that its configuration says; the seed
     * decides which. For offline training only; without an adapter it does nothing.
     */
    public void dropInputs(long seed) {
        dropSeed = seed;
    }

    private TensorList slots() {
        if (dropSeed != null
                && Autograd.isRecording()
                && form instanceof AdaptedModel adapted
                && weights instanceof AdapterWeights live
                && adapted.adapter().dropout() > 0) {
            return live.dropping(adapted.adapter().dropout(), dropSeed);
        }
        return weights.slots();
    }

    /** What a recorded pass goes through. */
    private Trunk recorded(Trunk usual) {
        return dropping != null && dropSeed != null ? dropping : usual;
    }

    /** The shape of this decoder. */
    public ModelConfig config() {
        return config;
    }

    /** Number format and what else the arithmetic depends on. */
    public Numerics numerics() {
        return numerics;
    }

    /** Puts fp32 numbers in the place of {@link #parameters()}, rounded to this decoder's format. */
    public void put(NDList parameters) {
        weights.put(parameters);
    }

    /** The live weights under their Hugging Face names, a copy. */
    public TensorSet export() {
        return weights.export();
    }

    /** Puts other weights of the same names and shapes in place, all or (on an error) none. */
    public void assign(TensorSet set) {
        weights.assign(set);
    }

    /** Of what is on the device now: equals {@link TensorSet#fingerprint()} of what was assigned. */
    public String liveFingerprint() {
        return weights.fingerprint();
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

    /** Rows on the device in the arrangement that costs this model least: completions may share their prompt. */
    public Batch batch(List<TokenRow> rows, Batch.Kind kind) {
        return Batch.of(rows, Lines.cheapest(rows, config), kind);
    }

    /** Whether {@link #batch} would let these rows share their prompts: those of one should stay together then. */
    public boolean sharesPrompts(List<TokenRow> rows) {
        return Lines.cheapest(rows, config).count() < rows.size();
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
        checkLength(batch);
        if (trunk == null) {
            return script.tensor(batch.manager(), "logprobs", head(batch, batch.targets(), temperature));
        }
        return Autograd.isRecording()
                ? head.trainLogprobs(batch, recorded(trunk), temperature, false).get(0)
                : head.logprobs(batch, trunk.hidden(batch), temperature);
    }

    /**
     * As {@link #logprobs(Batch, double)}, and with it the entropy [N] of each distribution, without a gradient.
     *
     * @return log-probabilities, entropies
     */
    public NDList logprobsAndEntropy(Batch batch, double temperature) {
        return logprobsAndEntropy(batch, temperature, false);
    }

    /** As above; the loss may hang on the entropies too if so asked. */
    public NDList logprobsAndEntropy(Batch batch, double temperature, boolean entropies) {
        requireHead(false, "log-probabilities");
        checkLength(batch);
        if (trunk != null && Autograd.isRecording()) {
            return head.trainLogprobs(batch, recorded(trunk), temperature, entropies);
        }
        return script.tensors(batch.manager(), "logprobs_and_entropy", head(batch, batch.targets(), temperature));
    }

    /** Takes what a teacher says of consecutive completion positions of a row, rows and positions in order. */
    public interface SoftTargetSink {
        /** @param first completion position that the part begins with */
        void take(int row, int first, SoftTargets part);
    }

    /**
     * The distribution of the next token at each completion position, a part at a time: no more than that is held.
     *
     * @param rows of one pass, at least one
     * @param topK how many of the likeliest tokens have a log-probability of their own; 0 for all, as when the
     *     vocabulary has no more than one token beside them
     * @param temperature that logits are divided by
     */
    public void softTargets(List<TokenRow> rows, int topK, double temperature, SoftTargetSink sink) {
        requireHead(false, "distributions");
        if (topK < 0) {
            throw new IllegalArgumentException("the " + topK + " likeliest tokens: expected 0 (all) or more");
        }
        try (Batch batch = Batch.of(rows, Batch.Kind.COMPLETION)) {
            checkLength(batch);
            head.distillation()
                    .softTargets(
                            batch,
                            kernels().hidden(batch),
                            temperature,
                            topK < config.vocabulary() - 1 ? topK : 0,
                            sink);
        }
    }

    /**
     * How far the distributions at a batch's outputs are from a teacher's: the generalized Jensen-Shannon divergence of
     * Agarwal et al. 2023 (divergence.py has its formula), in nats. Recorded for a backward pass inside {@link
     * Autograd#record()}. With soft targets of K tokens both distributions are taken over those and "all others".
     *
     * @param teacher of each row of the batch, taken at the same temperature
     * @param beta the teacher's weight in the mixture, 0 to 1; 0 is KL(teacher || student), 1 the reverse
     * @param temperature that logits are divided by
     * @return divergences [N], and entropies [N] of the student, which have no gradient
     */
    public NDList divergence(Batch batch, List<SoftTargets> teacher, double beta, double temperature) {
        requireHead(false, "divergences");
        checkLength(batch);
        if (!(beta >= 0 && beta <= 1)) {
            throw new IllegalArgumentException("beta = " + beta + ": expected 0 to 1");
        }
        DistillationHead.requireFits(batch, teacher, config.vocabulary());
        try (Autograd.Pause pause = Autograd.pause()) {
            Trunk.Pass pass = Autograd.isRecording()
                    ? recorded(kernels()).begin(batch)
                    : new Trunk.Pass(kernels().hidden(batch), gradient -> {});
            return head.distillation().divergence(batch, pass, temperature, teacher, beta);
        }
    }

    private Trunk kernels() {
        if (trunk == null) {
            throw new IllegalStateException("the definition alone has no distillation head");
        }
        return trunk;
    }

    /** From now on the definition alone computes, and autograd differentiates it: what all else is held to. */
    void withoutKernel() {
        trunk = null;
    }

    /** From now on decoder.py computes the hidden states, and not the kernel. */
    void withoutKernel(boolean checkpointing) {
        trunk = new Definition(script, weights::slots, dims, config.numbers(), checkpointing, true);
    }

    /** Positions a chunk of the head's. */
    void headChunk(int positions) {
        head.chunk(positions);
    }

    /** [N, vocabulary] logits at the batch's outputs. */
    public NDArray logits(Batch batch) {
        requireHead(false, "logits");
        return script.tensor(batch.manager(), "head", head(batch));
    }

    /** [N] outputs of the score head; recorded for a backward pass inside {@link Autograd#record()}. */
    public NDArray values(Batch batch) {
        requireHead(true, "values");
        checkLength(batch);
        if (trunk == null) {
            return script.tensor(batch.manager(), "scores", head(batch));
        }
        return Autograd.isRecording()
                ? head.trainScores(batch, recorded(trunk))
                : head.scores(batch, trunk.hidden(batch));
    }

    private void checkLength(Batch batch) {
        if (batch.longest() > config.maxPositions()) {
            throw new ModelException("a row of " + batch.longest() + " tokens is longer than the model's context of "
                    + config.maxPositions());
        }
    }

    private Object[] head(Batch batch, Object... more) {
        checkLength(batch);
        List<Object> arguments = new ArrayList<>(List.of(batch.ids(), batch.positions(), batch.segments()));
        arguments.addAll(List.of(batch.selected(), slots(), dims, config.numbers()));
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
        if (trunk != null) {
            trunk.close();
        }
        weights.close();
        if (weights instanceof DeviceWeights) { // otherwise it is the base's
            script.close();
        }
    }
}
