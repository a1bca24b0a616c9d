package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models that others read, and models that others wrote. */
class ConvertTest {
    @TempDir
    private Path folder;

    private static String greedy(String model) {
        Troupe told = Troupe.of(
                "generate",
                "--model",
                model,
                "--prompt",
                "Once upon a time",
                "--temperature",
                "0",
                "--max-new-tokens",
                "16",
                "--json");
        assertThat(told.code()).as(told.err()).isZero();
        return told.out().replaceAll("\"logprobs\":\\[[^]]*\\]", "");
    }

    private String converted(String model, String to, String dtype) {
        Path out = folder.resolve(to + dtype);
        Troupe told = Troupe.of("convert", "--model", model, "--to", to, "--out", out.toString(), "--dtype", dtype);
        assertThat(told.code()).as(told.err()).isZero();
        return to.equals("gguf") ? out.resolve("model.gguf").toString() : out.toString();
    }

    @Test
    void aModelSaysTheSameInEveryForm() throws IOException {
        String expected = greedy("stories");
        assertThat(greedy(converted("stories", "gguf", "f16"))).isEqualTo(expected);
        String brain = converted("stories", "hf", "bf16");
        assertThat(Files.size(Path.of(brain, "model.safetensors"))).isLessThan(600_000);
        assertThat(greedy(converted(brain, "hf", "fp32"))).isEqualTo(greedy(brain));
        assertThat(greedy(converted(brain, "gguf", "bf16"))).isEqualTo(greedy(brain));
        String small = converted("stories", "gguf", "q8_0");
        assertThat(greedy(converted(small, "hf", "f16"))).isEqualTo(greedy(small));
    }

    private void refused(String said, String... arguments) {
        Troupe told = Troupe.of(arguments);
        assertThat(told.code()).as(told.err()).isEqualTo(2);
        assertThat(told.err()).contains(said).doesNotContain("\tat ");
    }

    @Test
    void whatCannotBeWrittenIsToldInWords() {
        String out = folder.resolve("x").toString();
        refused("--to moon: expected hf or gguf", "convert", "--model", "stories", "--to", "moon", "--out", out);
        refused(
                "--dtype q8_0 with --to hf: expected one of bf16, f16, fp32",
                "convert",
                "--model",
                "stories",
                "--to",
                "hf",
                "--dtype",
                "q8_0",
                "--out",
                out);
        refused("no model there", "convert", "--model", "nowhere.gguf", "--to", "hf", "--out", out);
        String taken = converted("stories", "hf", "fp32");
        refused("holds a model already", "convert", "--model", "stories", "--to", "gguf", "--out", taken);
    }

    @Test
    void aRunStartsFromAGgufFileAndLeavesFolders() {
        String file = converted("stories", "gguf", "f16");
        System.setProperty("troupe.runs", folder.resolve("runs").toString());
        try {
            Troupe told = Troupe.run("g", "model.policy=" + file, "reward.kind=rule");
            assertThat(told.code()).as(told.err()).isZero();
        } finally {
            System.clearProperty("troupe.runs");
        }
        Path policy = folder.resolve("runs/g/checkpoints/step-2/policy");
        assertThat(greedy(policy.toString())).contains("\"prompt_ids\"");
        assertThat(policy.resolve("tokenizer.json")).exists();
    }

    @Test
    void aDialogueIsAnswered() {
        String property = System.getProperty("troupe.models", "");
        String models = property.isEmpty() ? System.getenv().getOrDefault("TROUPE_MODELS", "") : property;
        Path model = Path.of(models, "smollm2-135m-instruct.gguf");
        Assumptions.assumeTrue(
                !models.isEmpty() && Files.exists(model),
                "skipped: no smollm2-135m-instruct.gguf; name its folder with -Dtroupe.models=DIR or TROUPE_MODELS");

        Troupe told = Troupe.of(
                "generate",
                "--model",
                model.toString(),
                "--chat",
                "--prompt",
                "What is the capital of France?",
                "--temperature",
                "0");

        assertThat(told.code()).as(told.err()).isZero();
        assertThat(told.out().strip()).isEqualTo("The capital of France is Paris.");
        assertThat(told.err()).doesNotContain("note:");
    }
}
