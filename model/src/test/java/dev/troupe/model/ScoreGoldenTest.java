package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Models with a score head against transformers' numbers. */
class ScoreGoldenTest {
    @TestFactory
    Stream<DynamicTest> scores() {
        return GoldenFolder.of("model-score").stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> check(c)));
    }

    private static void check(GoldenFolder.Case c) {
        JsonNode json = c.json();
        float tolerance = (float) json.get("tolerance").get("abs").asDouble();
        int[][] ids = GoldenFolder.grid(json.get("input_ids"));
        int[][] mask = GoldenFolder.grid(json.get("attention_mask"));
        float[] pooled = GoldenFolder.floats(json.get("pooled_score"));
        float[] everywhere = GoldenFolder.floats(json.get("score_at_every_token"));
        List<TokenRow> rows = new ArrayList<>();
        for (int r = 0; r < ids.length; r++) {
            rows.add(new TokenRow(Arrays.copyOf(ids[r], IntStream.of(mask[r]).sum()), 1));
        }
        ModelFolder folder = ModelFolder.open(c.beside("model"));
        try (TensorThread thread = TensorThread.start("golden", 1)) {
            thread.run(() -> {
                try (Decoder decoder = Decoder.load(folder.config(), folder.weights(), false)) {
                    float[] scores = decoder.scores(rows, 3);
                    List<float[]> values = decoder.values(rows, 3);
                    for (int r = 0; r < ids.length; r++) {
                        assertThat(scores[r]).isCloseTo(pooled[r], within(tolerance));
                        assertThat(values.get(r)).hasSize(rows.get(r).length());
                        for (int t = 0; t < rows.get(r).length(); t++) {
                            assertThat(values.get(r)[t])
                                    .isCloseTo(everywhere[r * ids[0].length + t], within(tolerance));
                        }
                    }
                }
            });
        }
    }
}
