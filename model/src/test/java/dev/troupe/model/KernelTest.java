package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.troupe.proto.TensorSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernel against autograd over the definition: the same outputs and the same gradients, for every arrangement. */
class KernelTest {
    private static final Path MODELS = Path.of("src/test/resources/golden/models");

    private record Outcome(float[] outputs, float[] scored, float[] entropy, TensorSet gradients) {}

    @ParameterizedTest
    @CsvSource({
        "llama-gqa-tied, 1.0, 9",
        "llama-gqa-tied, 0.7, 70",
        "llama3-rope-untied, 1.3, 40",
        "qwen2-bias, 1.0, 150",
        "llama-value, 1.0, 33",
        "llama-reward, 1.0, 64"
    })
    void shouldEqualAutogradOverTheDefinition(String model, double temperature, int width) {
        ModelFolder folder = ModelFolder.open(MODELS.resolve(model));
        try (TensorThread thread = TensorThread.start("kernel", 1)) {
            thread.run(() -> {
                try (Decoder decoder = Decoder.load(folder.config(), folder.weights(), true)) {
                    Outcome kernel = pass(decoder, temperature, width);
                    decoder.zeroGrad();
                    decoder.withoutKernel();
                    Outcome definition = pass(decoder, temperature, width);
                    assertClose("outputs", kernel.outputs, definition.outputs);
                    assertClose("outputs without a backward pass", kernel.scored, definition.outputs);
                    assertClose("entropy", kernel.entropy, definition.entropy);
                    for (String name : definition.gradients.names()) {
                        assertClose(
                                name,
                                kernel.gradients.get(name).floats(),
                                definition.gradients.get(name).floats());
                    }
                }
            });
        }
    }

    /** Rows of several lengths, one of them two segments, the outputs weighted unevenly. */
    private static Outcome pass(Decoder decoder, double temperature, int width) {
        int rows = 5;
        int[][] ids = new int[rows][width];
        int[][] positions = new int[rows][width];
        int[][] segments = new int[rows][width];
        List<Integer> selected = new ArrayList<>();
        for (int r = 0; r < rows; r++) {
            int length = r == 0 ? width : Math.max(2, (int) (width * CounterNoise.uniform(3, r, 0, 0)));
            for (int t = 0; t < length; t++) {
                ids[r][t] = (int)
                        (CounterNoise.uniform(4, r, 0, t) * decoder.config().vocabulary());
                boolean second = r == 0 && t >= width / 3;
                segments[r][t] = second ? 2 : 1;
                positions[r][t] = second ? t - width / 3 : t;
                if (t % 4 != 1) {
                    selected.add(r * width + t);
                }
            }
        }
        int[] at = selected.stream().mapToInt(i -> i).toArray();
        int[] targets = new int[at.length];
        float[] weights = new float[at.length];
        for (int i = 0; i < at.length; i++) {
            targets[i] =
                    (int) (CounterNoise.uniform(5, 0, 0, i) * decoder.config().vocabulary());
            weights[i] = (float) (CounterNoise.uniform(6, 0, 0, i) - 0.4);
        }
        float[] outputs;
        float[] entropy = {};
        float[] scored;
        try (Batch batch = Batch.of(ids, positions, segments, at, targets)) {
            boolean scores = decoder.config().scoreHead();
            scored = (scores ? decoder.values(batch) : decoder.logprobs(batch, temperature)).toFloatArray();
        }
        try (Batch batch = Batch.of(ids, positions, segments, at, targets);
                Autograd.Recording on = Autograd.record()) {
            NDArray output;
            if (decoder.config().scoreHead()) {
                output = decoder.values(batch);
            } else {
                var both = decoder.logprobsAndEntropy(batch, temperature);
                output = both.get(0);
                entropy = both.get(1).toFloatArray();
            }
            outputs = output.toFloatArray();
            NDArray weight = batch.manager().create(weights, new Shape(weights.length));
            Autograd.backward(output.mul(weight).sum());
        }
        return new Outcome(outputs, scored, entropy, decoder.exportGradients());
    }

    /** Length of the difference within 1e-5 of the tensor's own: rounding, and nothing else. */
    private static void assertClose(String what, float[] got, float[] expected) {
        assertThat(got).as(what).hasSameSizeAs(expected);
        double squares = 0;
        double difference = 0;
        for (int i = 0; i < got.length; i++) {
            squares += (double) expected[i] * expected[i];
            difference += Math.pow(got[i] - (double) expected[i], 2);
        }
        assertThat(Math.sqrt(difference)).as("difference of " + what).isLessThanOrEqualTo(1e-5 * Math.sqrt(squares));
        assertThat(got.length == 0 || squares > 0)
                .as(what + " is not all zeros")
                .isTrue();
    }
}
