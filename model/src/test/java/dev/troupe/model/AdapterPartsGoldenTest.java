package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Adapter folders of every kind that peft writes, against the logits of peft's reloaded model; adapter_golden.py makes
 * them.
 */
class AdapterPartsGoldenTest {
    private static TensorThread thread;

    @BeforeAll
    static void start() {
        thread = TensorThread.start("adapters", 1);
    }

    @AfterAll
    static void stop() {
        thread.close();
    }

    @TestFactory
    Stream<DynamicTest> apart() {
        return GoldenFolder.of("adapter").stream()
                .filter(c -> AdapterFolder.open(c.beside("adapter")).isLowRank())
                .map(c -> DynamicTest.dynamicTest(c.name(), () -> thread.run(() -> apart(c))));
    }

    @TestFactory
    Stream<DynamicTest> merged() {
        return GoldenFolder.of("adapter").stream()
                .map(c -> DynamicTest.dynamicTest(c.name(), () -> thread.run(() -> merged(c))));
    }

    /** A merged folder written, with a head of its own where it needs one, and read again. */
    private static void merged(GoldenFolder.Case c) {
        ModelFolder whole = ModelFolder.open(c.beside("base")).merged(AdapterFolder.open(c.beside("adapter")));
        try (Decoder decoder = Decoder.load(whole.config(), whole.weights(), false)) {
            compare(c, decoder);
        }
    }

    private static void apart(GoldenFolder.Case c) {
        AdapterFolder adapter = AdapterFolder.open(c.beside("adapter"));
        ModelFolder folder = ModelFolder.open(c.beside("base"));
        try (FrozenBase base = FrozenBase.load(folder, adapter, FrozenBase.Storage.FP32);
                Decoder decoder = AdaptedModel.of(base, adapter).decoder(adapter.tensors(), false)) {
            compare(c, decoder);
        }
    }

    private static void compare(GoldenFolder.Case c, Decoder decoder) {
        float[] expected =
                Safetensors.read(c.beside("logits_file")).get("logits").floats();
        JsonNode json = c.json();
        TokenRow row = new TokenRow(GoldenFolder.ints(json.get("inputs").get("input_ids")), 1);
        boolean score = decoder.config().scoreHead();
        float tolerance = (float) json.get("tolerance").get("logits_abs").asDouble();
        assertThat(tolerance).isLessThanOrEqualTo(2e-4f);
        try (Batch batch = Batch.of(List.of(row), score ? Batch.Kind.LAST : Batch.Kind.EVERY)) {
            float[] got = (score ? decoder.values(batch) : decoder.logits(batch)).toFloatArray();
            assertThat(got).hasSameSizeAs(expected);
            for (int i = 0; i < got.length; i++) {
                assertThat(got[i]).as("logit " + i).isCloseTo(expected[i], within(tolerance));
            }
        }
        if (!score) {
            assertThat(json.get("expected").get("logits_change_max").asDouble()).isGreaterThan(0.1);
        }
    }
}
