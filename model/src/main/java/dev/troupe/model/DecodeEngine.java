package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.troupe.proto.TensorSet;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Token by token generation for a fixed number of slots over a pre-allocated key-value cache. Each slot holds a row at
 * its own position. Every step runs the same shapes whatever the slots hold, so that a row's numbers depend neither on
 * its slot nor on its neighbours. To be used on one {@link TensorThread}.
 */
public final class DecodeEngine implements AutoCloseable {
    /** Widths end where the vectors of any processor do: a row at another offset would be summed in another order. */
    private static final int WIDTH_MULTIPLE = 16;
    /** Matrix libraries take rows by fours or more and may sum those left over in another order (MKL on AMD does). */
    private static final int ROW_MULTIPLE = 4;
    /** How many of the last prompts are kept. */
    public static final int KEPT_PROMPTS = 32;

    private static final int FEW_PROMPTS = 4;
    private static final int MOST_PROMPTS = 16;

    private static final int FREE = -1;

    private final ModelConfig config;
    private final Script script;
    private final PlacedWeights weights;
    private final NDManager manager = Libtorch.scope();
    private final int slots;
    private final int length;
    /** Slots that are computed, of which the last few may never hold a row. */
    private final int rows;

    private final int[] dims;
    private final double[] numbers;
    private final int promptsAPass;
    private final TensorList cache;
    private final TensorList fixed;
    private final NDArray inputs;
    private final NDArray answer;
    private final DoubleBuffer inputValues;
    private final DoubleBuffer answerValues;
    private final NDArray none;
    private final NDArray ends;
    private NDArray seen;
    private SamplingConfig sampling;
    /** Place of the token drawn last, which the next step computes; FREE where a slot has no row. */
    private final int[] positions;

    private final KeptPrompts prompts = new KeptPrompts(KEPT_PROMPTS);

    private DecodeEngine(
            ModelConfig config,
            Script script,
            Function<Script, PlacedWeights> placed,
            int slots,
            int length,
            SamplingConfig sampling) {
        this.config = config;
        this.slots = slots;
        this.length = length;
        this.rows = rows(slots);
        int room = Math.toIntExact(multiple(length, WIDTH_MULTIPLE));
        this.dims = config.dims();
        this.numbers = config.numbers();
        // Small models compute many at the price of a few, which few slots seldom need.
        this.promptsAPass = NarrowWeights.isNarrow(config) && slots > MOST_PROMPTS ? MOST_PROMPTS : FEW_PROMPTS;
        this.script = script;
        this.weights = placed.apply(script);
        NDList store = new NDList();
        for (int i = 0; i < config.layers(); i++) {
            long heads = (long) rows * config.kvHeads();
            store.add(manager.zeros(new Shape(heads, config.headDim(), room)));
            store.add(manager.zeros(new Shape(heads, room, config.headDim())));
        }
        this.cache = TensorList.of(store);
        this.fixed = TensorList.of(new NDList(columns(room), headStarts(room)));
        ByteBuffer in = doubles();
        ByteBuffer out = doubles();
        this.inputValues = in.asDoubleBuffer();
        this.answerValues = out.asDoubleBuffer();
        this.inputs = manager.create(in, new Shape(3, rows), DataType.FLOAT64); // shares the buffer's memory
        this.answer = manager.create(out, new Shape(3, rows), DataType.FLOAT64);
        this.none = manager.create(new Shape(0), DataType.INT64);
        this.ends = manager.create(
                config.eosIds().stream().mapToLong(Integer::longValue).toArray());
        this.positions = new int[slots];
        Arrays.fill(positions, FREE);
        this.sampling = sampling;
        this.seen = seenFor(sampling);
    }

    /**
     * What one step drew, by slot; slots without a row hold meaningless numbers.
     *
     * @param tokens the drawn tokens
     * @param logprobs their log-probability under logits / temperature, before any penalty or filter
     * @param keptMass the probability the filters kept, 1 without filters
     */
    public record Step(int[] tokens, float[] logprobs, float[] keptMass) {}

    /**
     * Puts weights on the device and allocates the cache: slots rows of up to length tokens (prompt and completion).
     */
    public static DecodeEngine open(
            ModelConfig config, TensorSet weights, int slots, int length, SamplingConfig sampling) {
        return open(config, weights, slots, length, sampling, Dtype.FP32);
    }

    /** As {@link #open(ModelConfig, TensorSet, int, int, SamplingConfig)}, the weights rounded to a number format. */
    public static DecodeEngine open(
            ModelConfig config, TensorSet weights, int slots, int length, SamplingConfig sampling, Dtype dtype) {
        check(config, slots, length);
        boolean narrow = NarrowWeights.suits(config, dtype);
        return new DecodeEngine(
                config,
                script(narrow ? "narrow.py" : "layers.py"),
                script -> narrow
                        ? new NarrowWeights(config, weights, script)
                        : new PackedWeights(config, weights, script, dtype, rows(slots)),
                slots,
                length,
                sampling);
    }

    /** As {@link #open}, for an adapter over a base: what is swapped is the adapter's tensors alone. */
    static DecodeEngine over(AdaptedModel form, TensorSet adapter, int slots, int length, SamplingConfig sampling) {
        check(form.config(), slots, length);
        return new DecodeEngine(
                form.config(),
                script("layers.py"),
                script -> new PackedAdapter(form, adapter, script, rows(slots)),
                slots,
                length,
                sampling);
    }

    /** Whether the engine of a whole model holds its weights once as they are and once as its steps want them. */
    public static boolean holdsTwice(ModelConfig config, Dtype dtype) {
        return NarrowWeights.suits(config, dtype);
    }

    /** Tokens that the cache of an engine has room for; a few more than slots times length. */
    public static long cachedTokens(int slots, int length) {
        return computed(slots) * multiple(length, WIDTH_MULTIPLE);
    }

    /** @param layers what computes them */
    static Script script(String layers) {
        return Script.load(Decoder.class, "decoder.py", "linear.py", "sampling.py", layers, "decode.py");
    }

    private static void check(ModelConfig config, int slots, int length) {
        if (slots < 1) {
            throw new IllegalArgumentException("slots = " + slots + ": expected at least 1");
        }
        if (length < 2 || length > config.maxPositions()) {
            throw new ModelException(
                    "rows of " + length + " tokens (prompt and completion) do not fit the model's context" + " of "
                            + config.maxPositions());
        }
        if (config.scoreHead()) {
            throw new ModelException("a model with a score head cannot generate");
        }
    }

    private static long multiple(long number, int of) {
        return (number + of - 1) / of * of;
    }

    private static long computed(int slots) {
        return slots == 1 ? 1 : multiple(slots, ROW_MULTIPLE);
    }

    private static int rows(int slots) {
        return Math.toIntExact(computed(slots));
    }

    private NDArray columns(int room) {
        return manager.create(IntStream.range(0, room).asLongStream().toArray());
    }

    private NDArray headStarts(int room) {
        long[] starts = new long[rows * config.kvHeads()];
        Arrays.setAll(starts, i -> (long) i * room);
        return manager.create(starts, new Shape(rows, config.kvHeads()));
    }

    private ByteBuffer doubles() {
        return ByteBuffer.allocateDirect(3 * rows * Double.BYTES).order(ByteOrder.nativeOrder());
    }

    private NDArray seenFor(SamplingConfig how) {
        return how.repetitionPenalty() == 1.0
                ? manager.create(new Shape(0), DataType.BOOLEAN)
                : manager.zeros(new Shape(rows, config.vocabulary()), DataType.BOOLEAN);
    }

    /** Changes how tokens are drawn; only while every slot is free. */
    public void use(SamplingConfig how) {
        if (occupied() > 0) {
            throw new IllegalStateException(occupied() + " rows are under way; their sampling cannot change");
        }
        seen.close();
        sampling = how;
        seen = seenFor(how);
    }

    /** {@link #prefill(List, int[], double[])} of one prompt for all the slots. */
    public Step prefill(int[] prompt, int[] into, double[] noise) {
        return prefill(Collections.nCopies(into.length, prompt), into, noise);
    }

    /**
     * Computes prompts (each once: the last ones are kept until the weights change), copies their keys and values into
     * the given free slots and draws each slot's first token. Whatever is computed beside a prompt, its numbers are the
     * same.
     *
     * @param starts the prompt of each slot of {@code into}, at most {@link #KEPT_PROMPTS} different ones
     * @param noise one uniform number a slot of {@code into}, each strictly between 0 and 1
     * @return indexed as {@code into} is
     */
    public Step prefill(List<int[]> starts, int[] into, double[] noise) {
        starts.forEach(this::checkPrompt);
        checkSlots(into, noise);
        if (starts.size() != into.length) {
            throw new IllegalArgumentException(starts.size() + " prompts for " + into.length + " slots");
        }
        List<List<Integer>> keys = starts.stream().map(KeptPrompts::key).toList();
        computeUnknown(starts, keys);
        Map<TensorList, List<Integer>> byPass = new LinkedHashMap<>();
        for (int i = 0; i < into.length; i++) {
            byPass.computeIfAbsent(prompts.get(keys.get(i)).pass(), p -> new ArrayList<>())
                    .add(i);
        }
        Step all = new Step(new int[into.length], new float[into.length], new float[into.length]);
        byPass.forEach((pass, some) -> begin(pass, some, keys, into, noise, all));
        for (int i = 0; i < into.length; i++) {
            positions[into[i]] = starts.get(i).length;
            inputValues.put(into[i], all.tokens[i]);
        }
        return all;
    }

    /** The first tokens of those slots whose prompts one pass has computed. */
    private void begin(
            TensorList pass, List<Integer> some, List<List<Integer>> keys, int[] into, double[] noise, Step all) {
        double[] drawn;
        try (NDManager scope = Libtorch.scope()) {
            NDArray step = script.tensor(
                    scope,
                    "begin",
                    pass,
                    scope.create(some.stream()
                            .mapToLong(i -> prompts.get(keys.get(i)).row())
                            .toArray()),
                    scope.create(some.stream().mapToLong(i -> into[i]).toArray()),
                    scope.create(some.stream().mapToDouble(i -> noise[i]).toArray()),
                    cache,
                    seen,
                    sampling.suppressFirstEos() ? ends : none,
                    how());
            drawn = step.toDoubleArray();
        } catch (ModelException e) {
            throw weights.explained(e);
        }
        Step step = step(DoubleBuffer.wrap(drawn), some.size(), some.size());
        for (int j = 0; j < some.size(); j++) {
            int i = some.get(j);
            all.tokens[i] = step.tokens[j];
            all.logprobs[i] = step.logprobs[j];
            all.keptMass[i] = step.keptMass[j];
        }
    }

    /** Those of one width share a pass. Looking for all of them first keeps the known ones from being pushed out. */
    private void computeUnknown(List<int[]> starts, List<List<Integer>> keys) {
        Map<Integer, Map<List<Integer>, int[]>> byWidth = new TreeMap<>();
        Set<List<Integer>> different = new HashSet<>();
        for (int i = 0; i < keys.size(); i++) {
            int[] prompt = starts.get(i);
            if (different.add(keys.get(i)) && !prompts.has(keys.get(i))) {
                byWidth.computeIfAbsent(width(prompt), w -> new LinkedHashMap<>())
                        .put(keys.get(i), prompt);
            }
        }
        if (different.size() > KEPT_PROMPTS) {
            throw new IllegalArgumentException(
                    different.size() + " different prompts at a time; expected at most " + KEPT_PROMPTS);
        }
        for (Map<List<Integer>, int[]> group : byWidth.values()) {
            List<int[]> all = List.copyOf(group.values());
            for (int from = 0; from < all.size(); from += promptsAPass) {
                compute(all.subList(from, Math.min(from + promptsAPass, all.size())));
            }
        }
    }

    private static int width(int[] prompt) {
        return Math.toIntExact(multiple(prompt.length, WIDTH_MULTIPLE));
    }

    /**
     * Some prompts of one width. A pass always has the same number of rows, so that none's numbers depend on the
     * others.
     */
    private void compute(List<int[]> some) {
        int width = width(some.get(0));
        long[] ids = new long[promptsAPass * width];
        long[] columns = new long[promptsAPass * width];
        long[] segments = new long[promptsAPass * width];
        long[] last = new long[promptsAPass];
        Arrays.setAll(columns, i -> i % width);
        for (int r = 0; r < some.size(); r++) {
            int[] prompt = some.get(r);
            for (int i = 0; i < width; i++) {
                ids[r * width + i] = prompt[Math.min(i, prompt.length - 1)];
                segments[r * width + i] = i < prompt.length ? 1 : 0;
            }
            last[r] = (long) r * width + prompt.length - 1;
        }
        Shape shape = new Shape(promptsAPass, width);
        try (NDManager scope = Libtorch.scope()) {
            TensorList pass = script.inferred(
                    "prompts",
                    scope.create(ids, shape),
                    scope.create(columns, shape),
                    scope.create(segments, shape),
                    scope.create(last),
                    weights.slots(),
                    dims,
                    numbers);
            prompts.keep(some, pass);
        }
    }

    private void checkPrompt(int[] prompt) {
        if (prompt.length < 1 || prompt.length >= length) {
            throw new ModelException("a prompt of " + prompt.length + " tokens does not fit slots of " + length
                    + " tokens (at least 1, and room for one more)");
        }
        for (int token : prompt) {
            if (token < 0 || token >= config.vocabulary()) {
                throw new ModelException(
                        "token " + token + " of a prompt is outside the vocabulary of " + config.vocabulary());
            }
        }
    }

    private void checkSlots(int[] into, double[] noise) {
        if (into.length < 1 || into.length != noise.length) {
            throw new IllegalArgumentException(into.length + " slots and " + noise.length + " numbers of noise");
        }
        for (int slot : into) {
            if (positions[slot] != FREE) {
                throw new IllegalStateException("slot " + slot + " holds a row already");
            }
        }
    }

    /**
     * Draws the next token of every occupied slot, after the tokens drawn last.
     *
     * @param noise [slots] uniform numbers; those of free slots do not matter
     */
    public Step step(double[] noise) {
        if (noise.length != slots) {
            throw new IllegalArgumentException(noise.length + " numbers of noise for " + slots + " slots");
        }
        for (int s = 0; s < slots; s++) {
            if (positions[s] >= length) {
                throw new IllegalStateException("the row in slot " + s + " is full with " + length + " tokens");
            }
            inputValues.put(rows + s, Math.max(0, positions[s]));
        }
        inputValues.put(2 * rows, noise);
        Step step;
        try {
            step = Libtorch.device().sharesMemory() ? shared() : copied();
        } catch (ModelException e) {
            throw weights.explained(e);
        }
        for (int s = 0; s < slots; s++) {
            if (positions[s] != FREE) {
                positions[s]++;
                inputValues.put(s, step.tokens[s]);
            }
        }
        return step;
    }

    private Step shared() {
        script.infer("step", inputs, answer, fixed, cache, seen, none, weights.slots(), dims, numbers, how());
        return step(answerValues, rows, slots);
    }

    private Step copied() {
        double[] values = new double[3 * rows];
        inputValues.get(0, values);
        try (NDArray there = manager.create(values, new Shape(3, rows))) {
            script.infer("step", there, answer, fixed, cache, seen, none, weights.slots(), dims, numbers, how());
        }
        return step(DoubleBuffer.wrap(answer.toDoubleArray()), rows, slots);
    }

    /** The first n of what was drawn for some rows. */
    private static Step step(DoubleBuffer values, int of, int n) {
        int[] tokens = new int[n];
        float[] logprobs = new float[n];
        float[] kept = new float[n];
        for (int i = 0; i < n; i++) {
            tokens[i] = (int) values.get(i);
            logprobs[i] = (float) values.get(of + i);
            kept[i] = (float) values.get(2 * of + i);
        }
        return new Step(tokens, logprobs, kept);
    }

    private double[] how() {
        return new double[] {
            sampling.temperature(), sampling.topK(), sampling.topP(), sampling.minP(), sampling.repetitionPenalty()
        };
    }

    /** Gives a slot's place back. */
    public void release(int slot) {
        positions[slot] = FREE;
        inputValues.put(slot, 0);
    }

    /** Whether a slot holds no row. */
    public boolean isFree(int slot) {
        return positions[slot] == FREE;
    }

    /** Number of slots that hold a row. */
    public int occupied() {
        return (int) Arrays.stream(positions).filter(p -> p != FREE).count();
    }

    /** Tokens in a slot's row, prompt included and the one drawn last too; 0 when it is free. */
    public int tokens(int slot) {
        return positions[slot] + 1;
    }

    /** Puts new weights in between two steps; rows under way keep their keys and values and go on. */
    public void swap(TensorSet set) {
        weights.assign(set);
        prompts.forget();
    }

    /** {@link TensorSet#fingerprint()} of the weights on the device. */
    public String liveFingerprint() {
        return weights.fingerprint();
    }

    /** Number of slots. */
    public int slots() {
        return slots;
    }

    /** Tokens a slot can hold. */
    public int length() {
        return length;
    }

    @Override
    public void close() {
        prompts.forget();
        cache.close();
        fixed.close();
        weights.close();
        manager.close();
        script.close();
    }
}
