package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DecodeEngineTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(96, 32, 48, 2, 4, 2, 128);
    private static final TensorSet WEIGHTS = ModelInit.random(CONFIG, 7);
    /** Too wide for narrow.py. */
    private static final ModelConfig WIDE = ModelConfig.llama(96, 288, 320, 2, 4, 2, 128);
    /** A norm's epsilon that counts, a head of its own, groups of one. */
    private static final ModelConfig LARGE_EPSILON = ModelConfig.parse("""
            {"model_type": "llama", "vocab_size": 96, "hidden_size": 48, "intermediate_size": 40,
             "num_hidden_layers": 3, "num_attention_heads": 3, "num_key_value_heads": 3,
             "max_position_embeddings": 128, "rms_norm_eps": 0.5, "tie_word_embeddings": false}
            """, "a test");

    /** Groups of one over wide heads: a product of one row, which a library may sum as its memory happens to lie. */
    private static final ModelConfig WIDE_HEADS = ModelConfig.llama(96, 128, 96, 1, 2, 2, 128);

    /** Windows in every other layer, caps, norms before and after, a scale of embeddings, biases. */
    private static final ModelConfig WINDOWS = ModelConfig.parse("""
            {"model_type": "gemma2", "vocab_size": 96, "hidden_size": 48, "intermediate_size": 40,
             "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 12,
             "max_position_embeddings": 128, "sliding_window": 7, "attn_logit_softcapping": 3.0,
             "final_logit_softcapping": 5.0, "query_pre_attn_scalar": 20, "attention_bias": true}
            """, "a test");

    /** A window in all layers, fused matrices, heads of which a part turns, at an amplitude. */
    private static final ModelConfig PARTIAL = ModelConfig.parse("""
            {"model_type": "phi3", "vocab_size": 96, "hidden_size": 272, "intermediate_size": 512,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 68,
             "max_position_embeddings": 256, "sliding_window": 9, "partial_rotary_factor": 0.5,
             "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}}
            """, "a test");

    private static final int SLOTS = 13;
    private static final int LENGTH = 60;
    private static final int NEW = 24;
    private static TensorThread thread;

    @BeforeAll
    static void start() {
        thread = TensorThread.start("engine", 1);
    }

    @AfterAll
    static void stop() {
        thread.close();
    }

    private record Drawn(List<Integer> tokens, List<Float> logprobs, List<Float> kept) {
        Drawn() {
            this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        }

        void add(DecodeEngine.Step step, int i) {
            tokens.add(step.tokens()[i]);
            logprobs.add(step.logprobs()[i]);
            kept.add(step.keptMass()[i]);
        }
    }

    private static int[] prompt(int length, int seed) {
        int[] ids = new int[length];
        for (int i = 0; i < length; i++) {
            ids[i] = (int) (CounterNoise.uniform(seed, 0, 0, i) * CONFIG.vocabulary());
        }
        return ids;
    }

    private static double[] noise(int slot, double ours, int step) {
        return noise(SLOTS, slot, ours, step);
    }

    private static double[] noise(int slots, int slot, double ours, int step) {
        double[] noise = new double[slots];
        for (int s = 0; s < slots; s++) {
            noise[s] = s == slot ? ours : CounterNoise.uniform(99, s, slot, step);
        }
        return noise;
    }

    /** One row in a slot, with this many other rows of other prompts and lengths around it, begun at other times. */
    private static Drawn generate(SamplingConfig sampling, int slot, int neighbours, int wait) {
        return generate(CONFIG, sampling, slot, neighbours, wait);
    }

    private static Drawn generate(ModelConfig config, SamplingConfig sampling, int slot, int neighbours, int wait) {
        TensorSet weights = ModelInit.random(config, 7);
        try (DecodeEngine engine = DecodeEngine.open(config, weights, SLOTS, LENGTH, sampling)) {
            return generate(engine, slot, neighbours, wait);
        }
    }

    private static Drawn generate(DecodeEngine engine, int slot, int neighbours, int wait) {
        for (int i = 0; i < neighbours; i++) {
            int other = (slot + 1 + i) % engine.slots();
            engine.prefill(prompt(3 + i, 50 + i), new int[] {other}, new double[] {0.3});
        }
        for (int i = 0; i < wait; i++) {
            engine.step(noise(engine.slots(), -1, 0, i));
        }
        Drawn drawn = new Drawn();
        drawn.add(engine.prefill(prompt(11, 1), new int[] {slot}, new double[] {CounterNoise.uniform(5, 0, 0, 0)}), 0);
        for (int t = 1; t < NEW; t++) {
            drawn.add(engine.step(noise(engine.slots(), slot, CounterNoise.uniform(5, 0, 0, t), t)), slot);
        }
        return drawn;
    }

    /** With counts and widths as well that end in the middle of a matrix library's tiles, on one thread and on two. */
    @ParameterizedTest
    @CsvSource({"13, 60, 1", "6, 57, 2", "11, 47, 1", "3, 49, 2"})
    void shouldDrawTheSameWhateverTheSlotAndTheNeighbours(int slots, int length, int threads) {
        SamplingConfig all = new SamplingConfig(1.3, 40, 0.95, 0.01, 1.2, false);
        try (TensorThread ours = TensorThread.start("engine", threads)) {
            for (SamplingConfig sampling : List.of(SamplingConfig.atTemperature(1.0), all)) {
                ours.run(() -> {
                    for (ModelConfig config : shapes()) {
                        TensorSet weights = ModelInit.random(config, 7);
                        try (DecodeEngine engine = DecodeEngine.open(config, weights, slots, length, sampling)) {
                            Drawn alone = generate(engine, 0, 0, 0);
                            assertThat(alone.tokens().stream().distinct().count())
                                    .isGreaterThan(8);
                            for (int slot = 0; slot < slots; slot++) {
                                IntStream.range(0, slots).forEach(engine::release);
                                // What it keeps of the prompts goes, so that each slot's are computed again.
                                engine.swap(weights);
                                assertThat(generate(engine, slot, slot, 3 * slot % 7))
                                        .as("slot " + slot)
                                        .isEqualTo(alone);
                            }
                        }
                    }
                });
            }
        }
    }

    @Test
    void shouldGiveEachSampleOfAPromptWhatItGetsAlone() {
        thread.run(() -> {
            Drawn alone = generate(SamplingConfig.atTemperature(1.0), 0, 0, 0);
            try (DecodeEngine engine =
                    DecodeEngine.open(CONFIG, WEIGHTS, SLOTS, LENGTH, SamplingConfig.atTemperature(1.0))) {
                double[] first = {0.9, CounterNoise.uniform(5, 0, 0, 0), 0.1};
                Drawn drawn = new Drawn();
                drawn.add(engine.prefill(prompt(11, 1), new int[] {6, 2, 9}, first), 1);
                for (int t = 1; t < NEW; t++) {
                    drawn.add(engine.step(noise(2, CounterNoise.uniform(5, 0, 0, t), t)), 2);
                }
                assertThat(drawn).isEqualTo(alone);
            }
        });
    }

    static List<ModelConfig> shapes() {
        return List.of(CONFIG, WIDE, LARGE_EPSILON, WIDE_HEADS, WINDOWS, PARTIAL);
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void shouldRecordTheLogprobsThatAFreshPassGives(ModelConfig config) {
        SamplingConfig sampling = new SamplingConfig(0.7, 20, 0.9, 0.02, 1.3, false);
        thread.run(() -> {
            Drawn drawn = generate(config, sampling, 4, 6, 2);
            int[] completion =
                    drawn.tokens().stream().mapToInt(Integer::intValue).toArray();
            try (Decoder decoder = Decoder.load(config, ModelInit.random(config, 7), false)) {
                float[] fresh = decoder.logprobs(List.of(TokenRow.of(prompt(11, 1), completion)), 0.7, 1)
                        .get(0);
                for (int t = 0; t < NEW; t++) {
                    assertThat(drawn.logprobs().get(t)).isCloseTo(fresh[t], within(2e-5f));
                }
            }
            assertThat(drawn.kept()).allSatisfy(mass -> assertThat(mass).isBetween(0.01f, 0.999f));
        });
    }

    @Test
    void shouldRecordTheNewWeightsLogprobsAfterASwap() {
        TensorSet other = ModelInit.random(CONFIG, 8);
        thread.run(() -> {
            try (DecodeEngine engine = DecodeEngine.open(CONFIG, WEIGHTS, SLOTS, LENGTH, SamplingConfig.greedy());
                    Decoder decoder = Decoder.load(CONFIG, other, false)) {
                engine.swap(other);
                int[] completion = new int[2];
                float[] logprobs = new float[2];
                DecodeEngine.Step first = engine.prefill(prompt(11, 1), new int[] {3}, new double[] {0.5});
                DecodeEngine.Step second = engine.step(noise(-1, 0, 0));
                completion[0] = first.tokens()[0];
                completion[1] = second.tokens()[3];
                logprobs[0] = first.logprobs()[0];
                logprobs[1] = second.logprobs()[3];
                float[] fresh = decoder.logprobs(List.of(TokenRow.of(prompt(11, 1), completion)), 1, 1)
                        .get(0);
                assertThat(logprobs).containsExactly(fresh, within(2e-5f));
            }
        });
    }

    @Test
    void shouldKeepRunningRowsWhenWeightsAreSwapped() {
        TensorSet other = ModelInit.random(CONFIG, 8);
        thread.run(() -> {
            try (DecodeEngine engine = DecodeEngine.open(CONFIG, WEIGHTS, SLOTS, LENGTH, SamplingConfig.greedy())) {
                assertThat(engine.liveFingerprint()).isEqualTo(WEIGHTS.fingerprint());
                engine.prefill(prompt(11, 1), new int[] {3}, new double[] {0.5});
                engine.step(noise(-1, 0, 0));
                float before = engine.step(noise(-1, 0, 1)).logprobs()[3];
                engine.swap(other);
                assertThat(engine.liveFingerprint()).isEqualTo(other.fingerprint());
                assertThat(engine.tokens(3)).isEqualTo(14);
                float after = engine.step(noise(-1, 0, 2)).logprobs()[3];
                assertThat(engine.tokens(3)).isEqualTo(15);
                assertThat(after).isNotEqualTo(before);
            }
        });
    }

    /** With few slots, and with so many that a pass computes more prompts. */
    @ParameterizedTest
    @ValueSource(ints = {SLOTS, 20})
    void shouldGiveAPromptTheSameNumbersAloneAndBegunWithOthers(int slots) {
        SamplingConfig penalised = new SamplingConfig(0.7, 20, 0.9, 0.02, 1.3, false);
        for (SamplingConfig sampling : List.of(SamplingConfig.atTemperature(1.0), penalised)) {
            thread.run(() -> {
                Drawn alone;
                try (DecodeEngine engine = DecodeEngine.open(CONFIG, WEIGHTS, slots, LENGTH, sampling)) {
                    alone = generate(engine, 0, 0, 0);
                }
                for (int place = 0; place < 6; place++) {
                    List<int[]> all = new ArrayList<>();
                    int[] into = new int[7];
                    double[] first = new double[7];
                    for (int i = 0; i < 7; i++) {
                        all.add(i == place ? prompt(11, 1) : prompt(2 + 3 * i, 70 + i));
                        into[i] = 8 - i;
                        first[i] = i == place ? CounterNoise.uniform(5, 0, 0, 0) : 0.3;
                    }
                    int slot = into[place];
                    try (DecodeEngine engine = DecodeEngine.open(CONFIG, WEIGHTS, slots, LENGTH, sampling)) {
                        Drawn drawn = new Drawn();
                        drawn.add(engine.prefill(all, into, first), place);
                        for (int t = 1; t < NEW; t++) {
                            drawn.add(engine.step(noise(slots, slot, CounterNoise.uniform(5, 0, 0, t), t)), slot);
                        }
                        assertThat(drawn).as("place " + place).isEqualTo(alone);
                    }
                }
            });
        }
    }

    /** A kept prompt's numbers are its own: nothing of them lies in memory that Java takes back. */
    @Test
    void shouldBeginTheSameFromAKeptPromptAfterAGarbageCollection() {
        SamplingConfig penalised = new SamplingConfig(0.7, 20, 0.9, 0.02, 1.3, false);
        thread.run(() -> {
            try (DecodeEngine engine = DecodeEngine.open(CONFIG, WEIGHTS, SLOTS, LENGTH, penalised)) {
                DecodeEngine.Step first = engine.prefill(prompt(11, 1), new int[] {0}, new double[] {0.5});
                for (int i = 0; i < 50; i++) {
                    System.gc();
                    java.nio.ByteBuffer.allocateDirect(1 << 10).putLong(0, -1);
                }
                DecodeEngine.Step again = engine.prefill(prompt(11, 1), new int[] {1}, new double[] {0.5});
                assertThat(again.tokens()).isEqualTo(first.tokens());
                assertThat(again.keptMass()).isEqualTo(first.keptMass());
            }
        });
    }

    @Test
    void shouldKeepTheLastPromptsAndRefuseMoreAtATime() {
        thread.run(() -> {
            try (DecodeEngine engine = DecodeEngine.open(CONFIG, WEIGHTS, 40, LENGTH, SamplingConfig.greedy())) {
                List<int[]> many = new ArrayList<>();
                for (int i = 0; i < DecodeEngine.KEPT_PROMPTS + 1; i++) {
                    many.add(prompt(5, i));
                }
                int[] slots = IntStream.range(0, many.size()).toArray();
                double[] half = new double[many.size()];
                java.util.Arrays.fill(half, 0.5);
                assertThatThrownBy(() -> engine.prefill(many, slots, half)).hasMessageContaining("at most 32");
                DecodeEngine.Step one = engine.prefill(many.get(1), new int[] {0}, new double[] {0.5});
                // Each of these pushes one prompt out of a pass that others still stand in.
                for (int from = 0; from + 20 <= many.size(); from += 3) {
                    List<int[]> some = many.subList(from, from + 20);
                    int[] into = IntStream.range(1, 21).toArray();
                    engine.prefill(some, into, java.util.Arrays.copyOf(half, 20));
                    for (int slot : into) {
                        engine.release(slot);
                    }
                }
                DecodeEngine.Step again = engine.prefill(many.get(1), new int[] {1}, new double[] {0.5});
                assertThat(again.logprobs()).isEqualTo(one.logprobs());
            }
        });
    }

    @Test
    void shouldNameTheTensorOfWeightsThatAreNoNumbers() {
        Map<String, HostTensor> tensors = new LinkedHashMap<>(WEIGHTS.tensors());
        HostTensor norm = WEIGHTS.get("model.norm.weight");
        float[] values = norm.floats();
        values[3] = Float.NaN;
        tensors.put("model.norm.weight", HostTensor.ofFloats(values, norm.shape()));
        thread.run(() -> {
            try (DecodeEngine engine =
                    DecodeEngine.open(CONFIG, TensorSet.of(tensors), 4, LENGTH, SamplingConfig.atTemperature(1.0))) {
                assertThatThrownBy(() -> engine.prefill(prompt(5, 1), new int[] {0}, new double[] {0.5}))
                        .isInstanceOf(ModelException.class)
                        .hasMessageContaining("tensor model.norm.weight holds NaN");
            }
        });
    }

    /** Matrices large enough to lie packed are hashed as the numbers they are. */
    @Test
    void shouldHashPackedWeights() {
        ModelConfig large = ModelConfig.llama(600, 320, 384, 1, 4, 2, 64);
        TensorSet weights = ModelInit.random(large, 3);
        thread.run(() -> {
            try (DecodeEngine engine = DecodeEngine.open(large, weights, 4, 32, SamplingConfig.greedy());
                    DecodeEngine narrow =
                            DecodeEngine.open(large, weights, 4, 32, SamplingConfig.greedy(), Dtype.BF16);
                    Decoder rounded = Decoder.load(large, weights, false, new Numerics(Dtype.BF16, false))) {
                assertThat(engine.liveFingerprint()).isEqualTo(weights.fingerprint());
                assertThat(narrow.liveFingerprint())
                        .isEqualTo(rounded.export().fingerprint())
                        .isNotEqualTo(weights.fingerprint());
            }
        });
    }

    /** One bit of each tensor in turn, wherever the engine holds it. */
    @Test
    void shouldHashWhatIsLive() {
        ModelConfig large = ModelConfig.llama(600, 320, 384, 1, 4, 2, 64);
        for (ModelConfig config : List.of(CONFIG, large)) {
            TensorSet weights = ModelInit.random(config, 3);
            thread.run(() -> {
                try (DecodeEngine engine = DecodeEngine.open(config, weights, 4, 32, SamplingConfig.greedy())) {
                    for (String name : weights.names()) {
                        TensorSet turned = withABitTurned(weights, name);
                        engine.swap(turned);
                        assertThat(engine.liveFingerprint())
                                .as(name)
                                .isEqualTo(turned.fingerprint())
                                .isNotEqualTo(weights.fingerprint());
                    }
                    engine.swap(weights);
                    assertThat(engine.liveFingerprint()).isEqualTo(weights.fingerprint());
                }
            });
        }
    }

    private static TensorSet withABitTurned(TensorSet set, String name) {
        HostTensor tensor = set.get(name);
        float[] values = tensor.floats();
        int last = values.length - 1;
        values[last] = Float.intBitsToFloat(Float.floatToRawIntBits(values[last]) ^ 1);
        Map<String, HostTensor> tensors = new LinkedHashMap<>(set.tensors());
        tensors.put(name, HostTensor.ofFloats(values, tensor.shape()));
        return TensorSet.of(tensors);
    }

    /** What is kept of a prompt must not outlive the weights it was computed with. */
    @Test
    void shouldComputeAPromptAgainAfterASwap() {
        TensorSet other = ModelInit.random(CONFIG, 8);
        thread.run(() -> {
            try (DecodeEngine engine = DecodeEngine.open(CONFIG, WEIGHTS, 3, LENGTH, SamplingConfig.greedy());
                    DecodeEngine fresh = DecodeEngine.open(CONFIG, other, 3, LENGTH, SamplingConfig.greedy())) {
                DecodeEngine.Step first = engine.prefill(prompt(11, 1), new int[] {0}, new double[] {0.5});
                DecodeEngine.Step again = engine.prefill(prompt(11, 1), new int[] {1}, new double[] {0.5});
                assertThat(again.logprobs()).isEqualTo(first.logprobs());
                engine.swap(other);
                DecodeEngine.Step swapped = engine.prefill(prompt(11, 1), new int[] {2}, new double[] {0.5});
                assertThat(swapped.logprobs())
                        .isEqualTo(fresh.prefill(prompt(11, 1), new int[] {2}, new double[] {0.5})
                                .logprobs())
                        .isNotEqualTo(first.logprobs());
            }
        });
    }

    @Test
    void shouldNotBeginWithAnEndTokenWhenAskedNotTo() {
        ModelConfig ends = ModelConfig.parse(
                CONFIG.toJson().replaceAll("\"eos_token_id\" : \\d+", "\"eos_token_id\" : [0, 1, 2, 3, 4, 5, 6, 7]"),
                "test");
        SamplingConfig plain = SamplingConfig.atTemperature(1.0);
        SamplingConfig suppressed = new SamplingConfig(1.0, 0, 1.0, 0.0, 1.0, true);
        thread.run(() -> {
            assertThat(firstTokens(ends, plain)).anyMatch(t -> t < 8);
            assertThat(firstTokens(ends, suppressed)).allMatch(t -> t >= 8);
        });
    }

    private static List<Integer> firstTokens(ModelConfig config, SamplingConfig sampling) {
        List<Integer> tokens = new ArrayList<>();
        try (DecodeEngine engine = DecodeEngine.open(config, WEIGHTS, 1, LENGTH, sampling)) {
            for (int i = 0; i < 60; i++) {
                DecodeEngine.Step step =
                        engine.prefill(prompt(5, 1), new int[] {0}, new double[] {CounterNoise.uniform(1, i, 0, 0)});
                tokens.add(step.tokens()[0]);
                engine.release(0);
            }
        }
        return tokens;
    }

    @Test
    void shouldRefuseWhatDoesNotFit() {
        thread.run(() -> {
            assertThatThrownBy(() -> DecodeEngine.open(CONFIG, WEIGHTS, 2, 129, SamplingConfig.greedy()))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("129")
                    .hasMessageContaining("128");
            try (DecodeEngine engine = DecodeEngine.open(CONFIG, WEIGHTS, 2, 8, SamplingConfig.greedy())) {
                assertThatThrownBy(() -> engine.prefill(new int[8], new int[] {0}, new double[] {0.5}))
                        .isInstanceOf(ModelException.class)
                        .hasMessageContaining("8 tokens");
                assertThatThrownBy(() -> engine.prefill(new int[] {96}, new int[] {0}, new double[] {0.5}))
                        .isInstanceOf(ModelException.class)
                        .hasMessageContaining("token 96");
                engine.prefill(new int[7], new int[] {0}, new double[] {0.5});
                engine.step(new double[2]);
                assertThatThrownBy(() -> engine.step(new double[2]))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("slot 0 is full");
            }
        });
    }
}
