package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Generation with an adapter, over matrices large enough to be packed or multiplied by channel, against the definition
 * over the same base.
 */
class AdapterEngineTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(512, 256, 512, 2, 8, 4, 64);
    private static final AdapterConfig ADAPTER = new AdapterConfig(4, 8, 0, false, List.of(AdapterConfig.ALL_LINEAR));
    private static final int SLOTS = 5;
    private static final int NEW = 12;

    private static void onBase(FrozenBase.Storage storage, Consumer<AdaptedModel> work) {
        onBase(storage, 1, work);
    }

    private static void onBase(FrozenBase.Storage storage, int threads, Consumer<AdaptedModel> work) {
        try (TensorThread thread = TensorThread.start("engine", threads)) {
            thread.run(() -> {
                try (FrozenBase base = FrozenBase.load("base", CONFIG, ModelInit.random(CONFIG, 7), storage)) {
                    work.accept(new AdaptedModel(base, ADAPTER, false));
                }
            });
        }
    }

    /** An adapter that changes something. */
    static TensorSet filled(AdaptedModel form, long seed) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        form.initial(seed).tensors().forEach((name, t) -> {
            float[] values = new float[Math.toIntExact(t.elements())];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.1 * (CounterNoise.uniform(seed, tensors.size(), 7, i) - 0.5));
            }
            tensors.put(name, HostTensor.ofFloats(values, t.shape()));
        });
        return TensorSet.of(tensors);
    }

    private static int[] prompt(int slot) {
        int[] ids = new int[3 + slot];
        Arrays.setAll(ids, i -> (int) (CounterNoise.uniform(1, slot, 0, i) * CONFIG.vocabulary()));
        return ids;
    }

    /** A row in every slot; checks each token's log-probability. */
    private static void assertDefinition(DecodeEngine engine, Decoder definition, float tolerance) {
        int[][] ids = new int[SLOTS][NEW];
        float[][] logprobs = new float[SLOTS][NEW];
        for (int slot = 0; slot < SLOTS; slot++) {
            DecodeEngine.Step first = engine.prefill(prompt(slot), new int[] {slot}, new double[] {0.4});
            ids[slot][0] = first.tokens()[0];
            logprobs[slot][0] = first.logprobs()[0];
        }
        for (int t = 1; t < NEW; t++) {
            double[] noise = new double[SLOTS];
            for (int slot = 0; slot < SLOTS; slot++) {
                noise[slot] = CounterNoise.uniform(2, slot, 0, t);
            }
            DecodeEngine.Step step = engine.step(noise);
            for (int slot = 0; slot < SLOTS; slot++) {
                ids[slot][t] = step.tokens()[slot];
                logprobs[slot][t] = step.logprobs()[slot];
            }
        }
        List<TokenRow> rows = new ArrayList<>();
        for (int slot = 0; slot < SLOTS; slot++) {
            engine.release(slot);
            rows.add(TokenRow.of(prompt(slot), ids[slot]));
        }
        List<float[]> expected = definition.logprobs(rows, 1.0, SLOTS);
        for (int slot = 0; slot < SLOTS; slot++) {
            assertThat(logprobs[slot]).as("slot " + slot).containsExactly(expected.get(slot), within(tolerance));
        }
    }

    /** Before and after another adapter was swapped in. */
    @ParameterizedTest
    @EnumSource(FrozenBase.Storage.class)
    void shouldGenerateWhatTheDefinitionSays(FrozenBase.Storage storage) {
        // Where the processor multiplies in bf16, an engine rounds what it multiplies by as well, to 8 bits.
        boolean rounded = storage == FrozenBase.Storage.BF16 && Cpu.computesInBf16();
        float tolerance = rounded ? 1e-2f : 2e-5f;
        onBase(storage, form -> {
            TensorSet before = filled(form, 3);
            TensorSet after = filled(form, 4);
            try (DecodeEngine engine = form.engine(before, SLOTS, 64, SamplingConfig.atTemperature(1.0));
                    Decoder definition = form.decoder(before, false)) {
                assertDefinition(engine, definition, tolerance);
                engine.swap(after);
                definition.assign(after);
                assertDefinition(engine, definition, tolerance);
                assertThat(engine.liveFingerprint()).isEqualTo(after.fingerprint());
                try (Decoder plain = Decoder.over(form.base())) {
                    List<TokenRow> row = List.of(TokenRow.of(prompt(0), prompt(1)));
                    float[] without = plain.logprobs(row, 1.0, 1).get(0);
                    float[] with = definition.logprobs(row, 1.0, 1).get(0);
                    assertThat(IntStream.range(0, with.length).mapToDouble(i -> Math.abs(with[i] - without[i])))
                            .as("the adapter changes more than the tolerance lets pass")
                            .anyMatch(change -> change > 10 * tolerance);
                }
            }
        });
    }

    /** A prompt in each slot, drawn from with the same noise, goes on alike to the last bit. */
    @ParameterizedTest
    @CsvSource({
        "FP32, 5, 1",
        "FP32, 6, 2",
        "FP32, 13, 2",
        "FP32, 33, 1",
        "FP32, 64, 2",
        "BF16, 5, 2",
        "NF4, 5, 1",
        "NF4, 33, 2"
    })
    void shouldNotDependOnTheSlot(FrozenBase.Storage storage, int slots, int threads) {
        onBase(storage, threads, form -> {
            try (DecodeEngine engine = form.engine(filled(form, 3), slots, 64, SamplingConfig.atTemperature(1.0))) {
                for (int slot = 0; slot < slots; slot++) {
                    engine.prefill(prompt(2), new int[] {slot}, new double[] {0.4});
                }
                for (int t = 1; t < NEW; t++) {
                    double[] noise = new double[slots];
                    Arrays.fill(noise, CounterNoise.uniform(2, 0, 0, t));
                    DecodeEngine.Step step = engine.step(noise);
                    for (int slot = 1; slot < slots; slot++) {
                        assertThat(step.tokens()[slot]).isEqualTo(step.tokens()[0]);
                        assertThat(step.logprobs()[slot]).isEqualTo(step.logprobs()[0]);
                    }
                }
            }
        });
    }

    @Test
    void shouldPackANarrowBaseOnceForAllEngines() {
        onBase(FrozenBase.Storage.BF16, form -> {
            try (Script script = DecodeEngine.script("layers.py")) {
                var first = form.base().packed(script, 4);
                var second = form.base().packed(script, 32);
                assertThat(second).isSameAs(first);
                // Layer 0: query, key and value; attention's output is small; gate and up; down. And the head.
                List<Integer> copied = new ArrayList<>();
                for (int slot = 0; slot < first.size(); slot++) {
                    if (first.get(slot) != form.base().places().get(slot)) {
                        copied.add(slot);
                    }
                }
                assertThat(copied).containsExactly(2, 5, 11, 12, 19, 25, 26);
            }
        });
    }

    @ParameterizedTest
    @EnumSource(names = {"FP32", "NF4"})
    void shouldMultiplyOtherBasesAsTheyLie(FrozenBase.Storage storage) {
        onBase(storage, form -> {
            try (Script script = DecodeEngine.script("layers.py")) {
                var engines = form.base().packed(script, 4);
                for (int slot = 0; slot < engines.size(); slot++) {
                    assertThat(engines.get(slot)).isSameAs(form.base().places().get(slot));
                }
            }
        });
    }
}
