package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.model.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** A model and a word list that others made, where -Dtroupe.data or TROUPE_DATA names a folder that holds them. */
class RealInputTest extends RunsApart {
    private static Path data(String name) {
        String property = System.getProperty("troupe.data", "");
        String folder = property.isEmpty() ? System.getenv().getOrDefault("TROUPE_DATA", "") : property;
        Path path = Path.of(folder, name);
        Assumptions.assumeTrue(
                !folder.isEmpty() && Files.exists(path),
                "skipped: no " + name + "; name its folder with -Dtroupe.data=DIR or TROUPE_DATA");
        return path;
    }

    @Test
    void stories260kTrainsWithTheRuleItselfAsItsReward() throws IOException {
        Path model = data("stories260K");
        Path lexicon = data("vader_lexicon.txt");

        Troupe told = Troupe.of(
                "run",
                "stories260k/ppo",
                "--name",
                "r",
                "model.policy=" + model,
                "reward.lexicon=" + lexicon,
                "steps=2",
                "batch.prompts=2",
                "max_new_tokens=16",
                "eval.samples=1",
                "rollout.slots=4");

        assertThat(told.code()).as(told.err()).isZero();
        JsonNode s = new ObjectMapper().readTree(runs.resolve("r/summary.json").toFile());
        assertThat(s.get("steps").asInt()).isEqualTo(2);
        // The reward is the gold score itself.
        assertThat(s.get("reward_before").asDouble())
                .isEqualTo(s.get("gold_before").asDouble());
        assertThat(s.get("reward_after").asDouble())
                .isEqualTo(s.get("gold_after").asDouble());
        assertThat(s.get("grammar_before").isNull()).isTrue();
        assertThat(s.get("weights_sha256").asText())
                .isNotEqualTo(ModelFolder.open(model).weights().sha256());
        JsonNode config = new ObjectMapper()
                .readTree(runs.resolve("r/checkpoints/step-2/value/config.json").toFile());
        assertThat(config.get("architectures").get(0).asText()).isEqualTo("LlamaForSequenceClassification");
    }
}
