package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.troupe.deploy.settings.Home;
import dev.troupe.model.Tokenizer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

class CommandLineTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path folder;

    private int troupe(String... arguments) {
        return Main.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }

    private static List<List<String>> everyCommand() {
        List<List<String>> paths = new ArrayList<>();
        collect(Main.commandLine(), List.of(), paths);
        return paths;
    }

    private static void collect(CommandLine command, List<String> path, List<List<String>> paths) {
        paths.add(path);
        command.getSubcommands().forEach((name, sub) -> {
            List<String> deeper = new ArrayList<>(path);
            deeper.add(name);
            collect(sub, deeper, paths);
        });
    }

    @ParameterizedTest
    @MethodSource("everyCommand")
    void everyCommandHelpsWithALineAndAnExample(List<String> path) {
        List<String> arguments = new ArrayList<>(path);
        arguments.add("--help");

        assertThat(troupe(arguments.toArray(new String[0]))).isZero();
        assertThat(out.toString().lines().findFirst().orElseThrow())
                .matches("[A-Z].*")
                .isNotEqualTo("soon");
        assertThat(out.toString()).containsPattern("(?m)^Example(.*\\R)+? +troupe ");
    }

    @Test
    void theContractsCommandsAreThere() {
        assertThat(Main.commandLine().getSubcommands().keySet())
                .contains(
                        "run",
                        "node",
                        "launch",
                        "generate",
                        "logprobs",
                        "eval",
                        "best-of-n",
                        "convert",
                        "doctor",
                        "bench");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "fly",
                "run --nmae x",
                "run a.conf b.conf",
                "run --name ../x",
                "run --resume nowhere",
                "run stories/none --explain",
                "run stepz=1 --explain",
                "node conductor --join 127.0.0.1:1",
                "node rollout",
                "node rollout --join nonsense",
                "launch moon",
                "generate --model nowhere --prompt x",
                "generate --model stories",
                "generate --model stories --prompt x --temperature -1",
                "bench step dance",
                "bench step rloo --actors",
                "bench step ppo --actors --lora",
                "bench",
            })
    void wrongUsageEndsWithTwoAndAMessage(String arguments) {
        String[] split = arguments.isEmpty() ? new String[0] : arguments.split(" ");

        assertThat(troupe(split)).isEqualTo(2);
        assertThat(err.toString()).isNotBlank().doesNotContain("\tat ");
    }

    @Test
    void aBadLineOfAnInputIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("in.jsonl"), "{\"input_ids\":[1]}\n{\"input_ids\":[1,\n");

        assertThat(troupe("logprobs", "--model", "stories", "--input", file.toString()))
                .isEqualTo(2);
        assertThat(err.toString()).contains(file + ":2: not JSON: ");
    }

    @Test
    void aBenchmarkIsALineAFigure() {
        assertThat(troupe("bench", "generate", "--model", "stories", "--batch", "1", "--prompt", "4", "--new", "4"))
                .as(err.toString())
                .isZero();
        assertThat(out.toString())
                .containsPattern("(?m)^bench +generate$")
                .containsPattern("(?m)^prompt +4$")
                .containsPattern("(?m)^decode_tokens_per_s +[0-9.]+$");
    }

    private static List<String> shipped() {
        return Home.find().configs();
    }

    @ParameterizedTest
    @MethodSource("shipped")
    void everyShippedConfigurationIsExplained(String name) {
        assertThat(troupe("run", name, "--explain")).isZero();
        assertThat(out.toString()).containsPattern("together +\\d+\\.\\d MB in one process");
    }

    @Test
    void explainNamesSourcesAndNumbers() {
        assertThat(troupe(
                        "run",
                        "batch.prompts=32",
                        "num_generations=8",
                        "num_mini_batches=1",
                        "num_ppo_epochs=4",
                        "--explain"))
                .isZero();
        assertThat(out.toString())
                .contains("1 step = 32 prompts x 8 = 256 trajectories = 4 optimizer steps")
                .containsPattern("batch.prompts +=\\s+32 +# command line")
                .containsPattern("learner: policy +\\d+\\.\\d MB");
    }

    /** On the terminal only warnings show. */
    @Test
    void aMissingPaddingTokenIsSaidInOneLine() throws IOException {
        Path stories = Home.find().model("stories");
        try (Stream<Path> files = Files.list(stories)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(String.valueOf(file.getFileName())));
            }
        }
        for (String name : List.of("tokenizer_config.json", "config.json", "tokenizer.json")) {
            Path file = folder.resolve(name);
            String text = Files.readString(file);
            Files.writeString(
                    file,
                    text.replace("\"pad_token\"", "\"x\"").replace("\"pad_token_id\" : 0", "\"pad_token_id\" : null")
                            + "\n");
        }
        Logger log = (Logger) LoggerFactory.getLogger(Tokenizer.class);
        ListAppender<ILoggingEvent> said = new ListAppender<>();
        said.start();
        log.addAppender(said);
        try {
            assertThat(troupe(
                            "generate", "--model", folder.toString(), "--prompt", "One day,", "--max-new-tokens", "2"))
                    .as(err.toString())
                    .isZero();
        } finally {
            log.detachAppender(said);
        }
        assertThat(said.list).hasSize(1).allSatisfy(event -> {
            assertThat(event.getLevel()).isEqualTo(Level.WARN);
            assertThat(event.getFormattedMessage()).contains(folder.toString(), "names no padding token", "as in TRL");
        });
    }
}
