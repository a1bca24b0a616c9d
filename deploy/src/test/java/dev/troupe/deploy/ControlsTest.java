package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.deploy.settings.Home;
import dev.troupe.model.ModelFolder;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Runs that must change nothing. */
class ControlsTest extends RunsApart {
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
