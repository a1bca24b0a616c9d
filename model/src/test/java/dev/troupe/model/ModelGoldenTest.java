package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The forward pass, its gradients and greedy decoding against transformers' numbers, for every family. */
class ModelGoldenTest {
    private static TensorThread thread;

    @BeforeAll
    static void start() {
        thread = TensorThread.start("golden", 1);
    }

    @AfterAll
    static void stop() {
        thread.close();
    }

    @TestFactory
    Stream<DynamicTest> models() {
        return GoldenFolder.of("model").stream()
                .flatMap(c -> Stream.of(
                        DynamicTest.dynamicTest(c.name() + " weights", () -> weights(c)),
                        DynamicTest.dynamicTest(
                                c.name() + " right padding", () -> onThread(c, d -> batch(c, d, "right"))),
                        DynamicTest.dynamicTest(
                                c.name() + " left padding", () -> onThread(c, d -> batch(c, d, "left"))),
                        DynamicTest.dynamicTest(
                                c.name() + " greedy by whole rows", () -> onThread(c, d -> greedy(c, d))),
                        DynamicTest.dynamicTest(
                                c.name() + " greedy by the engine", () -> thread.run(() -> engine(c)))));
    }

    private interface Check {
        void run(Decoder decoder) throws Exception;
    }

    private static void onThread(GoldenFolder.Case c, Check check) {
        ModelFolder folder = ModelFolder.open(c.beside("model"));
        thread.call(() -> {
            try (Decoder decoder = Decoder.load(folder.config(), folder.weights(), trainable(folder))) {
                check.run(decoder);
            }
            return true;
        });
    }

    /** A head of rows of length 1 (Baichuan 2) cannot be trained with all weights. */
    private static boolean trainable(ModelFolder folder) {
        return !folder.config().traits().normalisedHead();
    }

    private static void weights(GoldenFolder.Case c) {
        TensorSet weights = ModelFolder.open(c.beside("model")).weights();
        JsonNode parameters = c.json().get("parameters");
        assertThat(weights.names()).hasSize(parameters.size());
        parameters.fields().forEachRemaining(e -> {
            HostTensor tensor = weights.get(e.getKey());
            assertThat(tensor.shape())
                    .as(e.getKey())
                    .isEqualTo(Arrays.stream(GoldenFolder.ints(e.getValue().get("shape")))
                            .asLongStream()
                            .toArray());
            double sum = 0;
            double squares = 0;
            for (float v : tensor.floats()) {
                sum += v;
                squares += (double) v * v;
            }
            assertThat(sum)
                    .as("sum of " + e.getKey())
                    .isCloseTo(e.getValue().get("sum").asDouble(), within(1e-6));
            assertThat(squares)
                    .as("sum of squares of " + e.getKey())
                    .isCloseTo(e.getValue().get("sumsq").asDouble(), within(1e-6 * squares));
        });
    }

    /** Every position's logits, and log-probabilities, entropy and gradients of the mean over the real tokens. */
    private static void batch(GoldenFolder.Case c, Decoder decoder, String side) {
        JsonNode json = c.json().get(side);
        JsonNode tolerance = c.json().get("tolerance");
        int[][] ids = GoldenFolder.grid(json.get("input_ids"));
        int[][] mask = GoldenFolder.grid(json.get("attention_mask"));
        int[][] positions = GoldenFolder.grid(json.get("position_ids"));
        int[][] tokenMask = GoldenFolder.grid(json.get("token_mask"));
        int width = ids[0].length;
        List<Integer> real = new ArrayList<>();
        List<Integer> predicting = new ArrayList<>();
        List<Integer> targets = new ArrayList<>();
        for (int r = 0; r < ids.length; r++) {
            for (int t = 0; t < width; t++) {
                if (mask[r][t] == 1) {
                    real.add(r * width + t);
                }
                if (t < width - 1 && tokenMask[r][t] == 1) {
                    predicting.add(r * width + t);
                    targets.add(ids[r][t + 1]);
                }
            }
        }
        int vocabulary = decoder.config().vocabulary();
        float[] expectedLogits =
                Safetensors.read(c.beside("logits_file")).get(side + ".logits").floats();
        float[] expectedEntropy = GoldenFolder.floats(json.get("entropy"));
        try (Batch batch = Batch.of(ids, positions, mask, array(real), new int[real.size()])) {
            float[] logits = decoder.logits(batch).toFloatArray();
            float[] entropy = decoder.logprobsAndEntropy(batch, 1.0).get(1).toFloatArray();
            double within = tolerance.get("logits_abs").asDouble();
            for (int i = 0; i < real.size(); i++) {
                for (int v = 0; v < vocabulary; v++) {
                    assertThat(logits[i * vocabulary + v])
                            .isCloseTo(expectedLogits[real.get(i) * vocabulary + v], within((float) within));
                }
                assertThat(entropy[i]).isCloseTo(expectedEntropy[real.get(i)], within(1e-4f));
            }
        }
        if (!decoder.config().traits().normalisedHead()) {
            gradients(c, decoder, json, Batch.of(ids, positions, mask, array(predicting), array(targets)), predicting);
        }
    }

    private static void gradients(
            GoldenFolder.Case c, Decoder decoder, JsonNode json, Batch made, List<Integer> predicting) {
        JsonNode tolerance = c.json().get("tolerance");
        double relative = tolerance.get("grad_norm_rel").asDouble();
        int[] flat = GoldenFolder.ints(json.get("token_mask"));
        float[] expected = GoldenFolder.floats(json.get("token_logps"));
        try (Batch batch = made;
                Autograd.Recording on = Autograd.record()) {
            NDArray logprobs = decoder.logprobs(batch, 1.0);
            float[] got = logprobs.toFloatArray();
            int next = 0;
            double sum = 0;
            for (int i = 0; i < flat.length; i++) {
                if (flat[i] == 1) {
                    assertThat(got[next]).isCloseTo(expected[i], within((float)
                            tolerance.get("logps_abs").asDouble()));
                    sum += got[next++];
                }
            }
            assertThat(next).isEqualTo(predicting.size());
            assertThat(-sum / next).isCloseTo(json.get("mean_nll").asDouble(), within(1e-4));
            NDArray weight = batch.manager().full(new Shape(next), -1f / next, DataType.FLOAT32);
            Autograd.backward(logprobs, weight);
        }
        TensorSet gradients = decoder.exportGradients();
        assertThat(gradients.size()).isEqualTo(json.get("grad_norms").size());
        json.get("grad_norms").fields().forEachRemaining(e -> {
            double norm = norm(gradients.get(e.getKey()).floats());
            double wanted = e.getValue().asDouble();
            assertThat(norm).as("gradient of " + e.getKey()).isCloseTo(wanted, within(relative * wanted));
        });
        double total = Math.sqrt(gradients.tensors().values().stream()
                .mapToDouble(g -> Math.pow(norm(g.floats()), 2))
                .sum());
        double wanted = json.get("grad_norm").asDouble();
        assertThat(total).as("norm of all gradients").isCloseTo(wanted, within(relative * wanted));
    }

    private static void greedy(GoldenFolder.Case c, Decoder decoder) {
        for (JsonNode g : c.json().get("greedy")) {
            int[] continuation = GoldenFolder.ints(g.get("continuation"));
            TokenRow row = TokenRow.of(GoldenFolder.ints(g.get("prompt")), continuation);
            try (Batch batch = Batch.of(List.of(row), Batch.Kind.COMPLETION)) {
                NDArray best = decoder.logits(batch).argMax(1);
                assertThat(Arrays.stream(best.toLongArray()).mapToInt(v -> (int) v))
                        .containsExactly(Arrays.stream(continuation).boxed().toArray(Integer[]::new));
                close(g, decoder.logprobs(batch, 1.0).toFloatArray());
            }
        }
    }

    /** All prompts side by side in one engine, token by token. */
    private static void engine(GoldenFolder.Case c) {
        ModelFolder folder = ModelFolder.open(c.beside("model"));
        JsonNode greedy = c.json().get("greedy");
        int slots = greedy.size();
        try (DecodeEngine engine =
                DecodeEngine.open(folder.config(), folder.weights(), slots, 48, SamplingConfig.greedy())) {
            double[] noise = new double[slots];
            Arrays.fill(noise, 0.5);
            int[][] tokens = new int[slots][24];
            float[][] logprobs = new float[slots][24];
            for (int s = 0; s < slots; s++) {
                int[] prompt = GoldenFolder.ints(greedy.get(s).get("prompt"));
                DecodeEngine.Step first = engine.prefill(prompt, new int[] {s}, new double[] {0.5});
                tokens[s][0] = first.tokens()[0];
                logprobs[s][0] = first.logprobs()[0];
            }
            for (int t = 1; t < 24; t++) {
                DecodeEngine.Step step = engine.step(noise);
                for (int s = 0; s < slots; s++) {
                    tokens[s][t] = step.tokens()[s];
                    logprobs[s][t] = step.logprobs()[s];
                }
            }
            for (int s = 0; s < slots; s++) {
                assertThat(tokens[s]).isEqualTo(GoldenFolder.ints(greedy.get(s).get("continuation")));
                close(greedy.get(s), logprobs[s]);
            }
        }
    }

    private static void close(JsonNode greedy, float[] logprobs) {
        float[] expected = GoldenFolder.floats(greedy.get("logps"));
        assertThat(logprobs).hasSize(expected.length);
        for (int i = 0; i < expected.length; i++) {
            assertThat(logprobs[i]).isCloseTo(expected[i], within(1e-4f));
        }
    }

    private static double norm(float[] values) {
        double sum = 0;
        for (float v : values) {
            sum += (double) v * v;
        }
        return Math.sqrt(sum);
    }

    private static int[] array(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }
}
