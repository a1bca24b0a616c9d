package dev.troupe.deploy.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.experience.TrajectoryId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WritersTest {
    @TempDir
    private Path runs;

    private RunFolder folder;

    @BeforeEach
    void makeFolder() {
        folder = RunFolder.create(runs, "one", Settings.parse("test", "", List.of()));
    }

    @Test
    void metricsAreALineAStepAndWhatIsNotFiniteIsNull() throws Exception {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", 1);
        line.put("objective/scores", 0.5);
        line.put("objective/kl", Double.NaN);
        line.put("lr", 3e-6f);
        try (MetricsWriter writer = new MetricsWriter(folder, 0)) {
            writer.write(line);
            // Readable at once, while the run goes on.
            assertThat(folder.metrics())
                    .hasContent("{\"step\":1,\"objective/scores\":0.5,\"objective/kl\":null,\"lr\":3.0E-6}");
        }
    }

    @Test
    void metricsNeedAStep() {
        try (MetricsWriter writer = new MetricsWriter(folder, 0)) {
            assertThatThrownBy(() -> writer.write(Map.of("lr", 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("step");
        }
    }

    @Test
    void aResumedRunDropsTheLinesOfStepsThatAreDoneAgain() throws Exception {
        try (MetricsWriter writer = new MetricsWriter(folder, 0)) {
            for (int step = 1; step <= 4; step++) {
                writer.write(Map.of("step", step));
            }
        }
        Files.writeString(folder.metrics(), "{\"step\":5,\"cut sh", StandardOpenOption.APPEND);

        try (MetricsWriter writer = new MetricsWriter(folder, 2)) {
            writer.write(Map.of("step", 3, "again", true));
        }

        assertThat(Files.readAllLines(folder.metrics()))
                .hasSize(3)
                .element(2)
                .asString()
                .contains("again");
    }

    @Test
    void trainedNamesEachTrajectory() throws Exception {
        try (TrainedWriter writer = new TrainedWriter(folder, 0)) {
            writer.write(7, List.of(new TrajectoryId(12, 3), new TrajectoryId(13, 0)));
        }

        assertThat(folder.trained()).hasContent("{\"step\":7,\"ids\":[[12,3],[13,0]]}");
    }

    @Test
    void samplesCanBeRead() throws Exception {
        try (SamplesWriter writer = new SamplesWriter(folder, 0)) {
            writer.write(new SamplesWriter.Sample(2, "Once\n", " \"upon\"", Map.of("reward", 0.25), 1.5, 1));
        }

        JsonNode line = Json.mapper().readTree(folder.samples().toFile());
        assertThat(line.path("prompt").asText()).isEqualTo("Once\n");
        assertThat(line.path("completion").asText()).isEqualTo(" \"upon\"");
        assertThat(line.path("rewards").path("reward").asDouble()).isEqualTo(0.25);
    }

    @Test
    void theSummaryHasTheContractsKeysInItsOrder() throws Exception {
        new Summary(
                        "done",
                        null,
                        "ppo",
                        3L,
                        1.5,
                        10L,
                        10L,
                        0.1,
                        0.2,
                        0.3,
                        0.4,
                        null,
                        null,
                        5.0,
                        null,
                        null,
                        0.9,
                        40.0,
                        new Summary.Ledger(4, 1, 1, 1, 1),
                        new Summary.Staleness(0.5, 1),
                        new Summary.Parity(1e-6, 1e-5, 0.0, 2),
                        0.9,
                        "abc",
                        null)
                .write(folder);

        JsonNode summary = Json.mapper().readTree(folder.summary().toFile());
        String keys = "status error algorithm steps seconds tokens_generated tokens_trained reward_before"
                + " reward_after gold_before gold_after grammar_before grammar_after kl teacher_kl_before"
                + " teacher_kl_after distinct length ledger staleness parity overlap weights_sha256 peak_rss_bytes";
        assertThat(summary.fieldNames()).toIterable().containsExactly(keys.split(" "));
        assertThat(summary.path("ledger").fieldNames())
                .toIterable()
                .containsExactly("issued", "running", "finished", "trained", "dropped");
        assertThat(summary.path("parity").fieldNames()).toIterable().containsExactly("p95", "max", "outside", "mixed");
        assertThat(summary.path("staleness").fieldNames()).toIterable().containsExactly("mean", "max");
        assertThat(summary.get("grammar_before").isNull()).isTrue();
        assertThat(folder.path().toFile().list()).containsExactlyInAnyOrder("config.conf", "summary.json");
    }
}
