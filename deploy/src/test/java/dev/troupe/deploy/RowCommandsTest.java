package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.deploy.settings.Home;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Every command reads the same rows in the same way; the right ids are those of {@code rows/expected.json}. */
class RowCommandsTest extends RunsApart {
    private static final Path CASES = Path.of("src/test/resources/rows");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PREFILL = "a beginning is gone on with";

    private Path folder;

    @BeforeEach
    void here() throws IOException {
        folder = Files.createDirectory(runs.resolve("here"));
    }

    /** The shipped model with a chat template. */
    private Path model(String template) throws IOException {
        Path to = Files.createDirectories(folder.resolve("model-" + template));
        try (Stream<Path> files = Files.list(Home.find().model("stories"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.write(to.resolve(String.valueOf(file.getFileName())), Files.readAllBytes(file));
            }
        }
        Path config = to.resolve("tokenizer_config.json");
        ObjectNode settings = (ObjectNode) JSON.readTree(config.toFile());
        settings.put("chat_template", Files.readString(CASES.resolve(template)));
        Files.write(config, JSON.writeValueAsBytes(settings));
        return to;
    }

    private static JsonNode expected(String name) throws IOException {
        for (JsonNode c : JSON.readTree(CASES.resolve("expected.json").toFile())) {
            if (c.get("name").asText().equals(name)) {
                return c;
            }
        }
        throw new AssertionError("no case " + name);
    }

    private static int[] ids(JsonNode ids) {
        return JSON.convertValue(ids, int[].class);
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static Troupe done(Troupe told) {
        assertThat(told.code()).as(told.err()).isZero();
        return told;
    }

    private Troupe generate(Path model, Path rows, String... more) {
        List<String> arguments = new ArrayList<>(List.of("generate", "--json", "--temperature", "0"));
        arguments.addAll(List.of("--max-new-tokens", "1", "--model", model.toString(), "--input", rows.toString()));
        arguments.addAll(List.of(more));
        return Troupe.of(arguments.toArray(new String[0]));
    }

    private Troupe best(Path model, Path rows, Path out, String... more) {
        List<String> arguments = new ArrayList<>(List.of("best-of-n", "-n", "2", "--reward", "length"));
        arguments.addAll(List.of("--model", model.toString(), "--prompts", rows.toString(), "--out", out.toString()));
        arguments.addAll(List.of("max_new_tokens=4", "rollout.context=120"));
        arguments.addAll(List.of(more));
        return Troupe.of(arguments.toArray(new String[0]));
    }

    private Troupe run(String name, Path model, Path rows, String... more) {
        List<String> settings = new ArrayList<>(List.of(
                "steps=1",
                "batch.prompts=1",
                "model.policy=" + model,
                "data.prompts=" + rows,
                "eval.prompts=" + rows,
                "reward.kind=rule",
                "reward.rule=length",
                "model.value=" + model,
                "samples.every=1",
                "max_new_tokens=2",
                "rollout.context=120"));
        settings.addAll(List.of(more));
        return Troupe.run(name, settings.toArray(new String[0]));
    }

    @Test
    void aBeginningIsGoneOnWithInEveryCommand() throws IOException {
        JsonNode c = expected(PREFILL);
        Path model = model(c.get("template").asText());
        ObjectNode row = c.get("row").deepCopy();
        Path rows = file("prefill.jsonl", row + "\n");

        assertThat(ids(JSON.readTree(done(generate(model, rows)).out()).get("prompt_ids")))
                .containsExactly(ids(c.get("ids")));
        assertThat(ids(JSON.readTree(done(generate(model, rows, "--chat")).out())
                        .get("prompt_ids")))
                .containsExactly(ids(c.get("ids")));

        Path completed = file("completed.jsonl", row.deepCopy().put("completion", " 4") + "\n");
        JsonNode scored =
                JSON.readTree(done(Troupe.of("logprobs", "--model", model.toString(), "--input", completed.toString()))
                        .out());
        assertThat(ids(scored.get("input_ids")))
                .startsWith(ids(c.get("ids")))
                .hasSizeGreaterThan(c.get("ids").size());

        done(run("prefilled", model, rows));
        JsonNode sample = JSON.readTree(
                Files.readAllLines(runs.resolve("prefilled/samples.jsonl")).get(0));
        assertThat(sample.get("prompt").asText()).isEqualTo(c.get("text").asText());

        Path out = folder.resolve("best.jsonl");
        done(best(model, rows, out));
        JsonNode made = JSON.readTree(Files.readAllLines(out).get(0));
        assertThat(made.get("prompt")).hasSize(1);
        assertThat(made.at("/completion/0/content").asText()).startsWith("The answer is");

        assertThat(done(Troupe.of(
                                "eval",
                                "--model",
                                model.toString(),
                                "--base",
                                model.toString(),
                                "--prompts",
                                rows.toString(),
                                "--count",
                                "1",
                                "--samples",
                                "1",
                                "--max-new-tokens",
                                "2"))
                        .out())
                .contains("> The answer is");
    }

    @Test
    void aRuleSeesTheTurns() throws IOException {
        JsonNode c = expected(PREFILL);
        Path model = model(c.get("template").asText());
        Path rows = file("begun.jsonl", c.get("row") + "\n");

        done(run("turns", model, rows, "reward.rule=" + BadRules.OfTheTurns.class.getName()));

        assertThat(summary("turns").get("reward_before").asDouble()).isEqualTo(2);
        assertThat(metrics("turns").get(0).get("objective/scores").asDouble()).isEqualTo(2);
    }

    @Test
    void aBestRowKeepsWhatTheTemplateReads() throws IOException {
        JsonNode c = expected("tools");
        Path model = model(c.get("template").asText());
        ObjectNode row = c.get("row").deepCopy();
        row.putObject("chat_template_kwargs").put("enable_thinking", false);
        Path out = folder.resolve("best.jsonl");

        done(best(model, file("tools.jsonl", row + "\n"), out));

        JsonNode made = JSON.readTree(Files.readAllLines(out).get(0));
        assertThat(made.get("tools")).isEqualTo(row.get("tools"));
        assertThat(made.get("chat_template_kwargs")).isEqualTo(row.get("chat_template_kwargs"));
    }

    @Test
    void everyCommandReadsMarksAndPackedFiles() throws IOException {
        Path model = model("tools.jinja");
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write("\uFEFF{\"prompt\":\"Hi\",\"completion\":\" there\"}\r\n".getBytes(StandardCharsets.UTF_8));
        }
        Path rows = Files.write(folder.resolve("packed.jsonl"), packed.toByteArray());

        String bare = done(Troupe.of(
                        "generate",
                        "--json",
                        "--temperature",
                        "0",
                        "--max-new-tokens",
                        "1",
                        "--model",
                        model.toString(),
                        "--prompt",
                        "Hi"))
                .out();
        assertThat(done(generate(model, rows)).out()).isEqualTo(bare);
        done(Troupe.of("logprobs", "--model", model.toString(), "--input", rows.toString()));
        done(best(model, rows, folder.resolve("b.jsonl")));
        done(run("packed", model, rows));
    }

    @Test
    void everyCommandNamesFileAndLine() throws IOException {
        Path model = model("trimming.jinja");
        String good = "{\"prompt\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"completion\":\"yo\"}\n\n";
        String twice = "{\"prompt\":\"Hi\",\"completion\":\"a\"} {\"prompt\":\"second\",\"completion\":\"a\"}\n";
        everyCommandRefuses(model, file("trailing.jsonl", good + twice), ":3: the line goes on after its JSON object");
        String order =
                "{\"prompt\":[{\"role\":\"assistant\",\"content\":\"Hi\"},{\"role\":\"user\",\"content\":\"Hi\"}],"
                        + "\"completion\":\"yo\"}\n";
        everyCommandRefuses(
                model, file("order.jsonl", good + order), ":3: the chat template of ", "roles must alternate");
        String image = "{\"prompt\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\"}]}],\"completion\":\"yo\"}\n";
        everyCommandRefuses(model, file("image.jsonl", good + image), ":3: column \"prompt\", turn 1: part 1 of its");
    }

    private void everyCommandRefuses(Path model, Path rows, String... said) {
        List<Troupe> told = List.of(
                generate(model, rows),
                Troupe.of("logprobs", "--model", model.toString(), "--input", rows.toString()),
                best(model, rows, folder.resolve("never.jsonl")),
                run("never", model, rows),
                Troupe.of(
                        "eval", "--model", model.toString(), "--base", model.toString(), "--prompts", rows.toString()),
                Troupe.of("run", "stories/sft", "--name", "never", "model.policy=" + model, "data.texts=" + rows));
        for (int i = 0; i < told.size(); i++) {
            assertThat(told.get(i).err())
                    .as("command %d", i)
                    .contains(rows + said[0])
                    .contains(said)
                    .doesNotContain("\tat ");
            assertThat(told.get(i).code()).as("command %d", i).isEqualTo(2);
        }
        assertThat(runs.resolve("never")).doesNotExist();
    }

    @Test
    void aPromptThatIsTooLongIsNamedByItsLine() throws IOException {
        Path model = model("tools.jinja");
        Path rows = file("long.jsonl", "{\"prompt\":\"Hi\"}\n\n{\"prompt\":\"" + "Mia saw. ".repeat(99) + "\"}\n");
        assertThat(generate(model, rows).err()).contains(rows + ":3: the prompt has ");
        assertThat(best(model, rows, folder.resolve("b.jsonl")).err())
                .contains("data.prompts = " + rows + ":3: the prompt");
        assertThat(run("long", model, rows).err()).contains("eval.prompts = " + rows + ":3: the prompt has ");
        assertThat(Troupe.of(
                                "eval",
                                "--model",
                                model.toString(),
                                "--base",
                                model.toString(),
                                "--prompts",
                                rows.toString())
                        .err())
                .contains(rows + ":3: the prompt has ");
    }

    /** Counted by hand: prompt, completion and the end token; a dialogue's answers with what ends them. */
    @Test
    void onlyWhatIsToBeLearnedIsTrained() throws IOException {
        Path model = model("trimming.jinja");
        Path text = file("text.jsonl", "{\"text\":\"Once upon a time\"}\n");
        Path pair = file("pair.jsonl", "{\"prompt\":\"Once upon\",\"completion\":\" a time\"}\n");
        Path begin = file("begin.jsonl", "{\"prompt\":\"Once upon\"}\n");
        int whole = ids(line(done(Troupe.of("logprobs", "--model", model.toString(), "--input", text.toString())))
                        .get("input_ids"))
                .length;
        int prompt = ids(line(done(generate(model, begin))).get("prompt_ids")).length;
        assertThat(trained(model, "text", text)).isEqualTo(whole + 1 - 1);
        assertThat(trained(model, "pair", pair)).isEqualTo(whole + 1 - prompt);
        assertThat(trained(model, "inputs", pair, "train_on_inputs=true")).isEqualTo(whole + 1 - 1);
        Path cut = file("cut.jsonl", "{\"prompt\":\"Once upon a time\",\"completion\":\" there\"}\n");
        assertThat(sft(model, "cut", cut, "offline.max_length=" + prompt).err())
                .contains("1 of 1 rows have no trained token within offline.max_length = " + prompt);
    }

    private Troupe sft(Path model, String name, Path rows, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "run",
                "stories/sft",
                "--name",
                name,
                "model.policy=" + model,
                "data.texts=" + rows,
                "steps=1",
                "batch.prompts=1"));
        arguments.addAll(List.of(more));
        return Troupe.of(arguments.toArray(new String[0]));
    }

    private int trained(Path model, String name, Path rows, String... more) throws IOException {
        done(sft(model, name, rows, more));
        return JSON.readTree(runs.resolve(name).resolve("metrics.jsonl").toFile())
                .get("tokens/trained")
                .asInt();
    }

    private static JsonNode line(Troupe told) throws IOException {
        return JSON.readTree(told.out());
    }

    @Test
    void whatIsLeftOutOrNotReadIsSaidOnce() throws IOException {
        Path model = model("trimming.jinja");
        String row = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\",\"weight\":1},"
                + "{\"role\":\"assistant\",\"content\":\"yo\"}],\"tools\":[{\"name\":\"f\"}],\"id\":1}\n";
        Path rows = file("notes.jsonl", row + row);
        String left =
                rows + ": 2 of 2 rows end with an answer, which is left to the model: only a \"prompt\" that ends so"
                        + " is gone on with (the first: line 1)";
        String tools = rows + ": the chat template never mentions \"tools\", which 2 rows have";
        String weight = rows + ": the chat template never mentions \"weight\", which 2 rows have";
        String id = rows + ": nobody reads the columns [id]";

        assertThat(done(generate(model, rows)).err())
                .containsOnlyOnce("note: " + left)
                .contains(tools, weight);
        assertThat(done(best(model, rows, folder.resolve("b.jsonl"))).err())
                .containsOnlyOnce("note: " + left)
                .contains(tools, weight, id);
        done(run("noted", model, rows));
        assertThat(Files.readString(runs.resolve("noted/run.log")))
                .containsOnlyOnce(left)
                .containsOnlyOnce(tools)
                .containsOnlyOnce(weight)
                .containsOnlyOnce(id);
        assertThat(said(() -> Troupe.of(
                        "run",
                        "stories/sft",
                        "--name",
                        "sft",
                        "model.policy=" + model,
                        "data.texts=" + rows,
                        "steps=1",
                        "batch.prompts=2",
                        "micro_batch=2")))
                .containsOnlyOnce("note: " + tools)
                .containsOnlyOnce("note: " + id)
                .containsOnlyOnce("note: " + rows + ": the chat template does not end an answer with the end token")
                .doesNotContain(left);
    }

    /** What a run says to standard output. */
    private static String said(Supplier<Troupe> run) {
        PrintStream before = System.out;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            done(run.get());
        } finally {
            System.setOut(before);
        }
        return said.toString(StandardCharsets.UTF_8);
    }

    @Test
    void pairsOfDialoguesTrainARewardModel() throws IOException {
        Path model = model("tools.jinja");
        Path rows = file(
                "pairs.jsonl",
                "{\"prompt\":[{\"role\":\"user\",\"content\":\"Hi there\"}],"
                        + "\"chosen\":[{\"role\":\"assistant\",\"content\":\"yo\"}],"
                        + "\"rejected\":[{\"role\":\"assistant\",\"content\":\"no\"}]}\n");
        done(Troupe.of(
                "run",
                "stories/reward",
                "--name",
                "judge",
                "model.policy=" + model,
                "data.pairs=" + rows,
                "steps=1",
                "batch.prompts=1",
                "micro_batch=1"));
        assertThat(metrics("judge")).hasSize(1);
    }
}
