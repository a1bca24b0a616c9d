package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.proto.TensorSet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The pretrained stories260K: its files, tokenizer, logits and greedy text. The model is an optional input. */
class Stories260kGoldenTest {
    private static Path model() {
        String data = System.getProperty("troupe.data", "");
        if (data.isBlank()) {
            data = System.getenv().getOrDefault("TROUPE_DATA", "");
        }
        Assumptions.assumeFalse(data.isBlank(), "-Dtroupe.data (a folder with stories260K) is not given");
        Path folder = Path.of(data).resolve("stories260K");
        Assumptions.assumeTrue(Files.isDirectory(folder), "no stories260K in -Dtroupe.data=" + data);
        return folder;
    }

    @TestFactory
    Stream<DynamicTest> tokenizer() {
        List<GoldenFolder.Case> cases = GoldenFolder.of("stories260k-tokenizer");
        Path folder = model();
        return cases.stream()
                .map(c -> DynamicTest.dynamicTest(c.name(), () -> {
                    try (Tokenizer tokenizer = Tokenizer.open(folder)) {
                        assertThat(tokenizer.vocabularySize()).isEqualTo(512);
                        assertThat(new int[] {tokenizer.bosId(), tokenizer.eosId(), tokenizer.padId()})
                                .as("bos, eos, and eos again where a tokenizer has no padding token")
                                .containsExactly(1, 2, 2);
                        for (JsonNode text : c.json().get("cases")) {
                            int[] ids = tokenizer.encode(text.get("text").asText(), true);
                            assertThat(ids).as(text.get("text").asText()).isEqualTo(GoldenFolder.ints(text.get("ids")));
                            assertThat(tokenizer.decode(ids))
                                    .isEqualTo(text.get("decoded").asText());
                        }
                    }
                }));
    }

    @TestFactory
    Stream<DynamicTest> forward() {
        List<GoldenFolder.Case> cases = GoldenFolder.of("stories260k");
        ModelFolder folder = ModelFolder.open(model());
        return cases.stream()
                .flatMap(c -> Stream.of(
                        DynamicTest.dynamicTest(c.name() + " weights", () -> weights(c.json(), folder.weights())),
                        DynamicTest.dynamicTest(
                                c.name() + " logits and log-probabilities", () -> logits(c.json(), folder)),
                        DynamicTest.dynamicTest(c.name() + " greedy text", () -> greedy(c.json(), folder))));
    }

    private static void weights(JsonNode json, TensorSet weights) {
        // The tensors are read as they are, to the bit; sums are held to how float64 sums of them may differ by order.
        assertThat(json.get("tolerance").get("tensors_abs").asDouble()).isZero();
        json.get("tensors").fields().forEachRemaining(e -> {
            float[] values = weights.get(e.getKey()).floats();
            double sum = IntStream.range(0, values.length)
                    .mapToDouble(i -> values[i])
                    .sum();
            double squares = IntStream.range(0, values.length)
                    .mapToDouble(i -> (double) values[i] * values[i])
                    .sum();
            assertThat(sum).as(e.getKey()).isCloseTo(e.getValue().get("sum").asDouble(), within(1e-6));
            assertThat(squares)
                    .as(e.getKey())
                    .isCloseTo(e.getValue().get("sumsq").asDouble(), within(1e-9 * squares));
            assertThat(Arrays.copyOf(values, 8))
                    .isEqualTo(GoldenFolder.floats(e.getValue().get("first")));
        });
    }

    private static void logits(JsonNode json, ModelFolder folder) {
        float logitsAbs = (float) json.get("tolerance").get("logits_abs").asDouble();
        float logpsAbs = (float) json.get("tolerance").get("logps_abs").asDouble();
        try (TensorThread thread = TensorThread.start("golden", 1)) {
            thread.run(() -> {
                try (Decoder decoder = Decoder.load(folder.config(), folder.weights(), false)) {
                    for (JsonNode c : json.get("cases")) {
                        int[] prompt = GoldenFolder.ints(c.get("prompt_ids"));
                        try (Batch batch = Batch.of(List.of(new TokenRow(prompt, prompt.length)), Batch.Kind.LAST)) {
                            NDArray logits = decoder.logits(batch);
                            float[] all = logits.toFloatArray();
                            int[] top = GoldenFolder.ints(c.get("top_ids"));
                            float[] expected = GoldenFolder.floats(c.get("top_logits"));
                            for (int i = 0; i < top.length; i++) {
                                assertThat(all[top[i]]).isCloseTo(expected[i], within(logitsAbs));
                            }
                        }
                        TokenRow row = TokenRow.of(prompt, GoldenFolder.ints(c.get("continuation")));
                        float[] got = decoder.logprobs(List.of(row), 1.0, 1).get(0);
                        float[] expected = GoldenFolder.floats(c.get("logps"));
                        for (int i = 0; i < expected.length; i++) {
                            assertThat(got[i]).isCloseTo(expected[i], within(logpsAbs));
                        }
                    }
                }
            });
        }
    }

    private static void greedy(JsonNode json, ModelFolder folder) {
        JsonNode cases = json.get("cases");
        int slots = cases.size();
        int tokens = cases.get(0).get("continuation").size();
        int[][] drawn = new int[slots][tokens];
        try (TensorThread thread = TensorThread.start("golden", 1);
                Tokenizer tokenizer = folder.tokenizer()) {
            thread.run(() -> {
                try (DecodeEngine engine =
                        DecodeEngine.open(folder.config(), folder.weights(), slots, 96, SamplingConfig.greedy())) {
                    for (int s = 0; s < slots; s++) {
                        int[] prompt =
                                tokenizer.encode(cases.get(s).get("prompt").asText(), true);
                        drawn[s][0] = engine.prefill(prompt, new int[] {s}, new double[] {0.5})
                                .tokens()[0];
                    }
                    for (int t = 1; t < tokens; t++) {
                        DecodeEngine.Step step = engine.step(new double[slots]);
                        for (int s = 0; s < slots; s++) {
                            drawn[s][t] = step.tokens()[s];
                        }
                    }
                }
            });
            for (int s = 0; s < slots; s++) {
                assertThat(drawn[s]).isEqualTo(GoldenFolder.ints(cases.get(s).get("continuation")));
                int[] whole = TokenRow.of(GoldenFolder.ints(cases.get(s).get("prompt_ids")), drawn[s])
                        .ids();
                assertThat(tokenizer.decode(whole))
                        .isEqualTo(cases.get(s).get("text").asText());
            }
        }
    }
}
