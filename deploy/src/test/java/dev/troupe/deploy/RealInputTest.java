package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
        return given("troupe.data", "TROUPE_DATA", name);
    }

    private static Path given(String key, String variable, String name) {
        String property = System.getProperty(key, "");
        String folder = property.isEmpty() ? System.getenv().getOrDefault(variable, "") : property;
        Path path = Path.of(folder, name);
        Assumptions.assumeTrue(
                !folder.isEmpty() && Files.exists(path),
                "skipped: no " + name + "; name its folder with -D" + key + "=DIR or " + variable);
        return path;
    }

    @Test
    void smollm2TrainsOnInstructionsInItsChatTemplate() throws IOException {
        Path model = given("troupe.models", "TROUPE_MODELS", "smollm2-135m-instruct.gguf");

        Troupe told = Troupe.of(
                "run",
                "smollm2/ppo",
                "--name",
                "s",
                "model.policy=" + model,
                "data.prompts=" + data("self-instruct-seed-tasks.jsonl"),
                "steps=1",
                "batch.prompts=2",
                "num_generations=2",
                "num_mini_batches=1",
                "max_new_tokens=6",
                "eval.count=2",
                "eval.samples=2",
                "rollout.slots=4",
                "samples.every=1");

        assertThat(told.code()).as(told.err()).isZero();
        assertThat(summary("s").get("reward_before").isNumber()).isTrue();
        JsonNode sample = new ObjectMapper()
                .readTree(Files.readAllLines(runs.resolve("s/samples.jsonl")).get(0));
        assertThat(sample.get("prompt").asText()).startsWith("system\nYou are a helpful AI assistant named SmolLM");
        assertThat(Files.list(runs.resolve("s/checkpoints/step-1/policy")))
                .contains(runs.resolve("s/checkpoints/step-1/policy/adapter_model.safetensors"));
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
        // The reward is the gold score itself, in single precision.
        assertThat(s.get("reward_before").asDouble())
                .isCloseTo(s.get("gold_before").asDouble(), within(1e-6));
        assertThat(s.get("reward_after").asDouble())
                .isCloseTo(s.get("gold_after").asDouble(), within(1e-6));
        assertThat(s.get("grammar_before").isNull()).isTrue();
        assertThat(s.get("weights_sha256").asText())
                .isNotEqualTo(ModelFolder.open(model).weights().sha256());
        JsonNode config = new ObjectMapper()
                .readTree(runs.resolve("r/checkpoints/step-2/value/config.json").toFile());
        assertThat(config.get("architectures").get(0).asText()).isEqualTo("LlamaForSequenceClassification");
    }
}
