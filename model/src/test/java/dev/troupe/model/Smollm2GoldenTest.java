package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** SmolLM2-135M-Instruct out of its GGUF file (Q4_1): weights, tokenizer, dialogues, logits and greedy answers. */
class Smollm2GoldenTest {
    private static Stream<DynamicTest> each(String kind, Consumer<JsonNode> test) {
        return GoldenFolder.of(kind).stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> test.accept(c.json())));
    }

    @TestFactory
    Stream<DynamicTest> weights() {
        return each("smollm2-weights", json -> {
            ModelFolder model = ModelFolder.open(RealModels.smollm2());
            configuration(json.get("config"), model.config());
            long parameters = model.weights().tensors().values().stream()
                    .mapToLong(t -> t.elements())
                    .sum();
            assertThat(parameters).isEqualTo(json.get("parameters").asLong());
            JsonNode tolerance = json.get("tolerance");
            json.get("tensors").fields().forEachRemaining(e -> {
                float[] values = HalfFloats.floats(model.weights().get(e.getKey()));
                double sum = 0;
                double squares = 0;
                for (float value : values) {
                    sum += value;
                    squares += (double) value * value;
                }
                JsonNode expected = e.getValue();
                assertThat(model.weights().get(e.getKey()).shape()).containsExactly(longs(expected.get("shape")));
                assertThat(sum)
                        .as(e.getKey())
                        .isCloseTo(
                                expected.get("sum").asDouble(),
                                within(tolerance.get("sum_abs").asDouble()));
                double size = expected.get("sumsq").asDouble();
                assertThat(squares)
                        .as(e.getKey())
                        .isCloseTo(size, within(tolerance.get("sumsq_rel").asDouble() * size));
                for (int i = 0; i < expected.get("first").size(); i++) {
                    assertThat((double) values[i])
                            .as(e.getKey() + "[" + i + "]")
                            .isCloseTo(
                                    (double)
                                            (float) expected.get("first").get(i).asDouble(),
                                    within(tolerance.get("first_abs").asDouble()));
                }
            });
        });
    }

    private static long[] longs(JsonNode list) {
        long[] values = new long[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = list.get(i).asLong();
        }
        return values;
    }

    private static void configuration(JsonNode expected, ModelConfig config) {
        Map<String, Object> found = Map.of(
                "hidden_size", config.hidden(),
                "intermediate_size", config.intermediate(),
                "num_hidden_layers", config.layers(),
                "num_attention_heads", config.heads(),
                "num_key_value_heads", config.kvHeads(),
                "vocab_size", config.vocabulary(),
                "max_position_embeddings", config.maxPositions(),
                "rms_norm_eps", config.normEps(),
                "rope_theta", config.rope().theta(),
                "tied", config.tied());
        expected.fields()
                .forEachRemaining(e -> assertThat(String.valueOf(found.get(e.getKey())))
                        .as(e.getKey())
                        .isEqualTo(
                                e.getValue().isDouble()
                                        ? String.valueOf(e.getValue().asDouble())
                                        : e.getValue().asText()));
    }

    @TestFactory
    Stream<DynamicTest> tokenizer() {
        return each("smollm2-tokenizer", json -> {
            try (Tokenizer tokenizer = ModelFolder.open(RealModels.smollm2()).tokenizer()) {
                JsonNode special = json.get("special");
                assertThat(tokenizer.bosId()).isEqualTo(special.get("bos").asInt());
                assertThat(tokenizer.eosId()).isEqualTo(special.get("eos").asInt());
                assertThat(tokenizer.padId()).isEqualTo(special.get("pad").asInt());
                assertThat(tokenizer.id("<|endoftext|>"))
                        .isEqualTo(special.get("unk").asInt());
                for (JsonNode c : json.get("cases")) {
                    String text = c.get("text").asText();
                    int[] ids = tokenizer.encode(text, true);
                    assertThat(ids).as(text).isEqualTo(GoldenFolder.ints(c.get("ids")));
                    assertThat(tokenizer.decode(ids, false))
                            .isEqualTo(c.get("decoded").asText());
                    assertThat(tokenizer.decode(ids, true))
                            .isEqualTo(c.get("decoded_without_special").asText());
                }
            }
        });
    }

    static List<ChatMessage> messages(JsonNode list) {
        List<ChatMessage> messages = new ArrayList<>();
        list.forEach(m -> messages.add(
                new ChatMessage(m.get("role").asText(), m.get("content").asText())));
        return messages;
    }

    @TestFactory
    Stream<DynamicTest> chatText() {
        return each("smollm2-chat", json -> {
            ChatTemplate template = new ChatTemplate(json.get("template").asText(), Map.of(), "golden");
            for (JsonNode c : json.get("cases")) {
                assertThat(template.render(
                                messages(c.get("messages")),
                                c.get("add_generation_prompt").asBoolean()))
                        .isEqualTo(c.get("text").asText());
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> chatIds() {
        return each("smollm2-chat", json -> {
            try (Tokenizer tokenizer = Tokenizer.open(RealModels.smollm2())) {
                for (JsonNode c : json.get("cases")) {
                    int[] ids = tokenizer.encode(
                            messages(c.get("messages")),
                            c.get("add_generation_prompt").asBoolean());
                    assertThat(ids).as(c.get("text").asText()).isEqualTo(GoldenFolder.ints(c.get("ids")));
                }
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> forward() {
        return each("smollm2-forward", json -> {
            ModelFolder model = ModelFolder.open(RealModels.smollm2());
            try (TensorThread thread = TensorThread.start("golden", 2);
                    Tokenizer tokenizer = model.tokenizer()) {
                thread.run(() -> {
                    try (Decoder decoder = Decoder.load(model.config(), model.weights(), false)) {
                        json.get("prompts").forEach(c -> prompt(c, json.get("tolerance"), decoder, tokenizer));
                        json.get("greedy").forEach(c -> likelihood(c, json.get("tolerance"), decoder));
                    }
                });
                thread.run(() -> {
                    try (DecodeEngine engine =
                            DecodeEngine.open(model.config(), model.weights(), 1, 128, SamplingConfig.greedy())) {
                        json.get("greedy").forEach(c -> answer(c, engine, tokenizer));
                    }
                });
            }
        });
    }

    private static void prompt(JsonNode c, JsonNode tolerance, Decoder decoder, Tokenizer tokenizer) {
        int[] prompt = tokenizer.encode(c.get("prompt").asText(), true);
        int[] completion = tokenizer.encode(c.get("completion").asText(), false);
        assertThat(prompt).isEqualTo(GoldenFolder.ints(c.get("prompt_ids")));
        assertThat(completion).isEqualTo(GoldenFolder.ints(c.get("completion_ids")));
        double abs = tolerance.get("logits_abs").asDouble();
        try (Batch batch = Batch.of(List.of(new TokenRow(prompt, prompt.length)), Batch.Kind.LAST)) {
            float[] logits = decoder.logits(batch).toFloatArray();
            int[] top = GoldenFolder.ints(c.get("top_ids"));
            double[] expected = GoldenFolder.numbers(c.get("top_logits"));
            for (int i = 0; i < top.length; i++) {
                assertThat((double) logits[top[i]]).isCloseTo(expected[i], within(abs));
            }
            double sum = 0;
            for (float logit : logits) {
                sum += Math.exp(logit);
            }
            assertThat(Math.log(sum)).isCloseTo(c.get("logsumexp").asDouble(), within(abs));
        }
        near(
                decoder.logprobs(List.of(TokenRow.of(prompt, completion)), 1.0, 1)
                        .get(0),
                c.get("completion_logps"),
                tolerance);
    }

    private static void likelihood(JsonNode c, JsonNode tolerance, Decoder decoder) {
        TokenRow row = TokenRow.of(GoldenFolder.ints(c.get("prompt_ids")), GoldenFolder.ints(c.get("continuation")));
        near(decoder.logprobs(List.of(row), 1.0, 1).get(0), c.get("logps"), tolerance);
    }

    private static void near(float[] found, JsonNode expected, JsonNode tolerance) {
        double[] numbers = GoldenFolder.numbers(expected);
        assertThat(found).hasSize(numbers.length);
        for (int i = 0; i < numbers.length; i++) {
            assertThat((double) found[i])
                    .isCloseTo(numbers[i], within(tolerance.get("logps_abs").asDouble()));
        }
    }

    private static void answer(JsonNode c, DecodeEngine engine, Tokenizer tokenizer) {
        int[] prompt = tokenizer.encode(messages(c.get("messages")), true);
        assertThat(prompt).isEqualTo(GoldenFolder.ints(c.get("prompt_ids")));
        int[] expected = GoldenFolder.ints(c.get("continuation"));
        int[] drawn = new int[expected.length];
        drawn[0] = engine.prefill(prompt, new int[] {0}, new double[] {0.5}).tokens()[0];
        for (int t = 1; t < drawn.length; t++) {
            drawn[t] = engine.step(new double[1]).tokens()[0];
        }
        engine.release(0);
        // With a margin under 0.01 another order of summation may take the other token.
        if (c.get("smallest_margin").asDouble() >= 0.01) {
            assertThat(drawn).isEqualTo(expected);
            assertThat(tokenizer.decode(drawn, false)).isEqualTo(c.get("text").asText());
        }
    }
}
