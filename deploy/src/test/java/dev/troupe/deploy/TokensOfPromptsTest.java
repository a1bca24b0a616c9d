package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.data.sources.Prompt;
import dev.troupe.deploy.eval.PromptTokens;
import dev.troupe.deploy.settings.Models;
import dev.troupe.model.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What every command makes of a prompt's text: bos once, and dialogues in the chat template that is asked for. */
class TokensOfPromptsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int BOS = 1;

    @TempDir
    private Path folder;

    @BeforeEach
    void keepRunsHere() {
        System.setProperty("troupe.runs", folder.resolve("runs").toString());
    }

    @AfterEach
    void keepRunsWhereTheyBelong() {
        System.clearProperty("troupe.runs");
    }

    private static JsonNode line(String... arguments) throws IOException {
        Troupe told = Troupe.of(arguments);
        assertThat(told.code()).as(told.err()).isZero();
        return JSON.readTree(told.out());
    }

    private static int[] ids(JsonNode list) {
        return JSON.convertValue(list, int[].class);
    }

    private static int[] generated(String prompt, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(
                List.of("generate", "--model", "stories", "--prompt", prompt, "--max-new-tokens", "1", "--json"));
        arguments.addAll(List.of(more));
        return ids(line(arguments.toArray(new String[0])).path("prompt_ids"));
    }

    @Test
    void generateGivesAPromptOneBos() throws IOException {
        int[] plain = generated("Once upon");
        assertThat(plain).startsWith(BOS).hasSizeGreaterThan(2);
        assertThat(Arrays.copyOfRange(plain, 1, plain.length)).doesNotContain(BOS);
        assertThat(generated("<s>Once upon")).isEqualTo(plain);
        assertThat(generated("<s><s>Once upon")).isEqualTo(plain);
    }

    @Test
    void logprobsGivesAPromptAndItsCompletionOneBos() throws IOException {
        assertThat(logprobs("<s>Once", "<s> upon")).isEqualTo(logprobs("Once", " upon"));
    }

    private int[] logprobs(String prompt, String completion) throws IOException {
        Path input = folder.resolve("rows.jsonl");
        Files.writeString(input, "{\"prompt\":\"" + prompt + "\",\"completion\":\"" + completion + "\"}\n");
        return ids(line("logprobs", "--model", "stories", "--input", input.toString())
                .path("input_ids"));
    }

    /** Runs, evaluation and best-of-n. */
    @Test
    void runsGiveAPromptOneBos() {
        try (Tokenizer tokenizer = Tokenizer.open(Models.folder("model", "stories"))) {
            int[] plain = PromptTokens.of(new Prompt(0, "Once"), tokenizer);
            assertThat(plain).startsWith(BOS);
            assertThat(PromptTokens.of(new Prompt(0, "<s>Once"), tokenizer)).isEqualTo(plain);
        }
    }

    @Test
    void trainedTextsBeginAndEndOnce() throws IOException {
        assertThat(trained("marked", "<s>The cat sat.</s>")).isEqualTo(trained("plain", "The cat sat."));
    }

    private long trained(String name, String text) throws IOException {
        Path texts = folder.resolve(name + ".jsonl");
        Files.writeString(texts, ("{\"text\":\"" + text + "\"}\n").repeat(4));
        Troupe told = Troupe.of(
                "run",
                "stories/sft",
                "--name",
                name,
                "model.policy=stories",
                "steps=1",
                "batch.prompts=2",
                "data.texts=" + texts);
        assertThat(told.code()).as(told.err()).isZero();
        return JSON.readTree(folder.resolve("runs/" + name + "/summary.json").toFile())
                .path("tokens_trained")
                .asLong(-1);
    }

    @Test
    void aModelWithoutATemplateAnswersInChatml() throws IOException {
        int[] expected = generated("<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
        assertThat(generated("hi", "--chat")).isEqualTo(Arrays.copyOfRange(expected, 1, expected.length));
    }

    @Test
    void aNamedTemplateIsTaken() throws IOException {
        int[] expected = generated("<s>User: hi\n\nAssistant:");
        assertThat(generated("hi", "--chat", "--template", "deepseek")).isEqualTo(expected);
        Path file = Files.writeString(folder.resolve("own.jinja"), "{{ messages[0]['content'] }}!");
        int[] own = generated("hi!");
        assertThat(generated("hi", "--chat", "--template", file.toString()))
                .isEqualTo(Arrays.copyOfRange(own, 1, own.length));
    }

    @Test
    void aNamedTemplateIsTakenForDialoguesOfAFile() throws IOException {
        Path rows = Files.writeString(folder.resolve("d.jsonl"), "{\"instruction\":\"hi\"}\n");
        String[] command = {"generate", "--model", "stories", "--input", rows.toString(), "--json"};
        assertThat(ids(line(with(command, "--template", "deepseek")).get("prompt_ids")))
                .isEqualTo(generated("<s>User: hi\n\nAssistant:"));
        Files.writeString(rows, "{\"prompt\":\"hi\"}\n");
        Troupe told = Troupe.of(with(command, "--template", "deepseek"));
        assertThat(told.code()).isEqualTo(2);
        assertThat(told.err())
                .contains("--template deepseek: no row of " + rows + " is a dialogue; expected --chat beside it");
    }

    private static String[] with(String[] command, String... more) {
        return Stream.concat(Arrays.stream(command), Arrays.stream(more)).toArray(String[]::new);
    }

    @Test
    void aTemplateThatIsNotKnownIsRefused() {
        Troupe told = Troupe.of("generate", "--model", "stories", "--chat", "--prompt", "hi", "--template", "lama2");
        assertThat(told.code()).isEqualTo(2);
        assertThat(told.err())
                .contains("template = lama2 is not known", "llama2")
                .doesNotContain("prompt 0")
                .doesNotContain("\tat ");
        told = Troupe.of("generate", "--model", "stories", "--prompt", "hi", "--template", "llama2");
        assertThat(told.code()).isEqualTo(2);
        assertThat(told.err()).contains("--template llama2: expected --chat beside it");
    }

    @Test
    void aSavedModelCarriesTheTemplateItWasTrainedIn() throws IOException {
        Path prompts = folder.resolve("chat.jsonl");
        Files.writeString(prompts, "{\"instruction\":\"Name a dog.\"}\n");
        Troupe told = Troupe.run("c", "data.prompts=" + prompts, "template=deepseek", "reward.kind=rule");
        assertThat(told.code()).as(told.err()).isZero();
        Path policy = folder.resolve("runs/c/checkpoints/step-2/policy");
        assertThat(policy.resolve("chat_template.jinja")).content().contains("'User: '");
        int[] expected = generated("<s>User: hi\n\nAssistant:");
        assertThat(ids(line(
                                "generate",
                                "--model",
                                policy.toString(),
                                "--chat",
                                "--prompt",
                                "hi",
                                "--max-new-tokens",
                                "1",
                                "--json")
                        .path("prompt_ids")))
                .isEqualTo(expected);
    }
}
