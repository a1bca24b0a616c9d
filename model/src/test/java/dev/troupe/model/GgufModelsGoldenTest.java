package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * GGUF files of every architecture and every rope by the rules of llama.cpp's converter (gguf_models.py): the numbers
 * of transformers, from the file and from the folder that it is saved as.
 */
class GgufModelsGoldenTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/gguf/models");
    /** fp32 against products in float64; logits are of the order of 10. */
    private static final double TOLERANCE = 1e-4;

    private static final JsonNode ANSWERS = answers();

    @TempDir
    Path folder;

    private static JsonNode answers() {
        try {
            return new ObjectMapper().readTree(GOLDEN.resolve("models.json").toFile());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    static Stream<String> names() {
        List<String> names = new ArrayList<>();
        ANSWERS.get("models").fieldNames().forEachRemaining(names::add);
        return names.stream();
    }

    @ParameterizedTest
    @MethodSource("names")
    void shouldGiveTheNumbersOfTransformers(String name) {
        ModelFolder file = ModelFolder.open(GOLDEN.resolve(name + ".gguf"));
        same(name, file);
        Path saved = folder.resolve(name);
        ModelFolder.save(
                saved, file.config(), HalfFloats.as(dev.troupe.proto.v1.DataType.DATA_TYPE_F32, file.weights()), null);
        same(name + " as a folder", ModelFolder.open(saved));
    }

    private static void same(String what, ModelFolder model) {
        JsonNode answer = ANSWERS.get("models").get(what.split(" ")[0]);
        int[] row = GoldenFolder.ints(ANSWERS.get("row"));
        double[] logs = GoldenFolder.numbers(answer.get("logs"));
        double[] last = GoldenFolder.numbers(answer.get("logits"));
        try (TensorThread thread = TensorThread.start("gguf", 1)) {
            thread.run(() -> {
                try (Decoder decoder = Decoder.load(model.config(), model.weights(), false);
                        Batch batch = Batch.of(List.of(new TokenRow(row, 1)), Batch.Kind.EVERY)) {
                    float[] logits = decoder.logits(batch).toFloatArray();
                    int width = last.length;
                    assertThat(logits).as(what).hasSize(row.length * width);
                    for (int i = 0; i < width; i++) {
                        assertThat((double) logits[(row.length - 1) * width + i])
                                .as(what + " logit " + i)
                                .isCloseTo(last[i], within(TOLERANCE));
                    }
                    for (int t = 0; t < logs.length; t++) {
                        assertThat(log(logits, t * width, width, row[t + 1]))
                                .as(what + " after token " + t)
                                .isCloseTo(logs[t], within(TOLERANCE));
                    }
                }
            });
        }
    }

    private static double log(float[] logits, int from, int width, int token) {
        double sum = 0;
        for (int i = 0; i < width; i++) {
            sum += Math.exp(logits[from + i]);
        }
        return logits[from + token] - Math.log(sum);
    }
}
