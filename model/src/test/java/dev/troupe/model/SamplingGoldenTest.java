package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The filters against transformers' logits processors, and the draw against the filtered distribution. */
class SamplingGoldenTest {
    private static final int GRID = 4000;

    @TestFactory
    Stream<DynamicTest> filters() {
        return GoldenFolder.of("sampling").stream()
                .map(c -> DynamicTest.dynamicTest(c.name(), () -> {
                    try (TensorThread thread = TensorThread.start("golden", 1)) {
                        thread.run(() -> check(c.json()));
                    }
                }));
    }

    private static void check(JsonNode json) {
        assertThat(json.get("expected").fieldNames()).toIterable().containsExactlyInAnyOrder("kept", "probabilities");
        JsonNode hyper = json.get("hyper");
        double temperature = hyper.get("temperature").asDouble();
        double[] how = {
            temperature,
            hyper.get("top_k").asDouble(0),
            hyper.get("top_p").asDouble(1),
            hyper.get("min_p").asDouble(0),
            hyper.get("repetition_penalty").asDouble(1)
        };
        float[] logits = GoldenFolder.floats(json.get("inputs").get("logits"));
        int[][] previous = GoldenFolder.grid(json.get("inputs").get("previous_tokens"));
        int[] kept = GoldenFolder.ints(json.get("expected").get("kept"));
        double[] expected = GoldenFolder.numbers(json.get("expected").get("probabilities"));
        double abs = json.get("tolerance").get("abs").asDouble();
        double rel = json.get("tolerance").get("rel").asDouble();
        int rows = previous.length;
        int vocabulary = logits.length / rows;
        try (Script script = Script.load(Decoder.class, "sampling.py");
                NDManager scope = Libtorch.scope()) {
            NDArray scores = scope.create(logits, new Shape(rows, vocabulary));
            boolean[] seen = new boolean[rows * vocabulary];
            for (int r = 0; r < rows; r++) {
                for (int token : previous[r]) {
                    seen[r * vocabulary + token] = true;
                }
            }
            NDArray seenMask = scope.create(seen, new Shape(rows, vocabulary));
            NDArray none = scope.create(new Shape(0), DataType.INT64);
            float[] filtered = script.tensor(scope, "filtered", scores, seenMask, none, how)
                    .softmax(1)
                    .toFloatArray();
            for (int i = 0; i < expected.length; i++) {
                assertThat(filtered[i] > 0).as("kept " + i).isEqualTo(kept[i] == 1);
                assertThat((double) filtered[i]).isCloseTo(expected[i], within(abs + rel * Math.abs(expected[i])));
            }
            for (int r = 0; r < rows; r++) {
                float[] row = Arrays.copyOfRange(logits, r * vocabulary, (r + 1) * vocabulary);
                double[] p = Arrays.copyOfRange(expected, r * vocabulary, (r + 1) * vocabulary);
                boolean[] rowSeen = Arrays.copyOfRange(seen, r * vocabulary, (r + 1) * vocabulary);
                draws(script, row, rowSeen, p, how);
            }
        }
    }

    /** Noise on an even grid must give each token its probability's share of the grid. */
    private static void draws(Script script, float[] logits, boolean[] seen, double[] p, double[] how) {
        double[] noise = new double[GRID];
        Arrays.setAll(noise, i -> (i + 0.5) / GRID);
        int vocabulary = logits.length;
        try (NDManager scope = Libtorch.scope()) {
            NDArray rows = scope.create(logits, new Shape(1, vocabulary)).broadcast(GRID, vocabulary);
            NDArray seenRows = scope.create(seen, new Shape(1, vocabulary)).broadcast(GRID, vocabulary);
            NDArray none = scope.create(new Shape(0), DataType.INT64);
            double[] out = script.tensor(scope, "draw", rows, scope.create(noise), seenRows, none, how)
                    .toDoubleArray();
            double[] share = new double[vocabulary];
            double[] plain = softmax(logits, how[0]);
            double mass = 0;
            for (int v = 0; v < vocabulary; v++) {
                mass += p[v] > 0 ? plain[v] : 0;
            }
            for (int i = 0; i < GRID; i++) {
                int token = (int) out[i];
                share[token] += 1.0 / GRID;
                assertThat(out[GRID + i]).isCloseTo(Math.log(plain[token]), within(2e-5));
                assertThat(out[2 * GRID + i]).isCloseTo(mass, within(1e-5));
            }
            for (int v = 0; v < vocabulary; v++) {
                assertThat(share[v]).as("share of token " + v).isCloseTo(p[v], within(1.1 / GRID));
            }
        }
    }

    private static double[] softmax(float[] logits, double temperature) {
        double[] e = new double[logits.length];
        double sum = 0;
        for (int i = 0; i < e.length; i++) {
            e[i] = Math.exp(logits[i] / temperature);
            sum += e[i];
        }
        for (int i = 0; i < e.length; i++) {
            e[i] /= sum;
        }
        return e;
    }
}
