package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Runs that an earlier version left behind go on: their settings lack keys that are there now. */
class OldRunsTest extends RunsApart {
    private static final Path OLD = Path.of("src/test/resources/runs");

    private Path old(String name) throws IOException {
        Path to = runs.resolve(name);
        try (Stream<Path> all = Files.walk(OLD.resolve(name))) {
            for (Path each : all.toList()) {
                Files.copy(each, to.resolve(OLD.resolve(name).relativize(each).toString()));
            }
        }
        return to;
    }

    private static JsonNode resumed(Path run) throws IOException {
        Troupe told = Troupe.of("run", "--resume", run.toString());
        assertThat(told.code()).as(told.err()).isZero();
        return new ObjectMapper().readTree(run.resolve("summary.json").toFile());
    }

    @Test
    void anOnlineRunGoesOnFromItsCheckpoint() throws IOException {
        Path run = old("ppo-lora");
        assertThat(resumed(run).get("steps").asInt()).isEqualTo(4);
        assertThat(run.resolve("checkpoints/step-4")).isDirectory();
        assertThat(Files.readAllLines(run.resolve("metrics.jsonl"))).hasSize(4);
    }

    /** It was trained on every token, which is what it still means. */
    @Test
    void aRunOnFilesKeepsItsMeaning() throws IOException {
        Path run = old("sft-lora");
        JsonNode summary = resumed(run);
        assertThat(summary.get("steps").asInt()).isEqualTo(3);
        long trained = 0;
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            trained += new ObjectMapper().readTree(line).get("tokens/trained").asLong();
        }
        assertThat(summary.get("tokens_trained").asLong()).isEqualTo(trained).isPositive();
        Troupe told = Troupe.of("run", "--resume", run.toString(), "train_on_inputs=false");
        assertThat(told.code()).isEqualTo(2);
        assertThat(told.err()).contains("train_on_inputs = false", "was made with true");
    }
}
