package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.deploy.settings.Home;
import dev.troupe.model.ModelFolder;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that must change nothing. */
class ControlsTest {
    @TempDir
    private Path runs;

    @BeforeEach
    void keepRunsHere() {
        System.setProperty("troupe.runs", runs.toString());
    }

    @AfterEach
    void keepRunsWhereTheyBelong() {
        System.clearProperty("troupe.runs");
    }

    private JsonNode summary(String run) throws IOException {
        return new ObjectMapper()
                .readTree(runs.resolve(run).resolve("summary.json").toFile());
    }

    @Test
    void withoutALearningRateNothingMoves() throws IOException {
        Troupe told = Troupe.run("still", "learning_rate=0", "staleness.max=1");

        assertThat(told.code()).as(told.err()).isZero();
        JsonNode s = summary("still");
        assertThat(s.get("steps").asInt()).isEqualTo(2);
        assertThat(s.get("gold_after").asDouble())
                .isEqualTo(s.get("gold_before").asDouble());
        assertThat(s.get("reward_after").asDouble())
                .isEqualTo(s.get("reward_before").asDouble());
        assertThat(s.get("kl").asDouble()).isZero();
        assertThat(s.get("weights_sha256").asText())
                .isEqualTo(
                        ModelFolder.open(Home.find().model("stories")).weights().sha256());
    }

    @Test
    void withOneTheWeightsMove() throws IOException {
        Troupe told = Troupe.run("moves", "learning_rate=1e-3", "steps=1");

        assertThat(told.code()).as(told.err()).isZero();
        assertThat(summary("moves").get("weights_sha256").asText())
                .isNotEqualTo(
                        ModelFolder.open(Home.find().model("stories")).weights().sha256());
    }
}
