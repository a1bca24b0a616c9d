package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training on files goes on to the byte: from a checkpoint of its own, and after SIGTERM. */
class OfflineResumeIT {
    /** Of 7 rows in batches of 3: an epoch is 3 steps, and its last batch is a single row. */
    private static final int STEPS = 11;

    @TempDir
    private static Path runs;

    private static Path texts;
    private static Path pairs;

    @BeforeAll
    static void data() throws IOException {
        System.setProperty("troupe.runs", runs.toString());
        StringBuilder rows = new StringBuilder();
        StringBuilder compared = new StringBuilder();
        for (String name : List.of("Mia", "Tom", "Ann", "Ben", "Sue", "Max", "Eva")) {
            rows.append("{\"prompt\":\"Once upon a time ")
                    .append(name)
                    .append("\",\"completion\":\" saw a red ball.")
                    .append(" It was big.".repeat(name.charAt(0) % 4))
                    .append("\"}\n");
            compared.append("{\"prompt\":\"")
                    .append(name)
                    .append(" was\",\"chosen\":\" happy.\",\"rejected\":\" sad")
                    .append(" and".repeat(name.charAt(0) % 3))
                    .append(".\",\"margin\":0.5}\n");
        }
        texts = Files.writeString(runs.resolve("texts.jsonl"), rows);
        pairs = Files.writeString(runs.resolve("pairs.jsonl"), compared);
    }

    @AfterAll
    static void keepRunsWhereTheyBelong() {
        System.clearProperty("troupe.runs");
    }

    private static List<String> arguments(String kind, String name) {
        List<String> arguments = new ArrayList<>(List.of("run", "--name", name));
        arguments.addAll(
                switch (kind) {
                    case "sft" -> List.of("stories/sft", "model.policy=stories", "data.texts=" + texts);
                    case "sft-lora" ->
                        List.of(
                                "stories/sft",
                                "model.policy=stories",
                                "data.texts=" + texts,
                                "adapter.mode=lora",
                                "adapter.r=4",
                                "adapter.dropout=0.1");
                    case "sft-new" -> List.of("stories/sft");
                    case "reward" -> List.of("stories/reward", "data.pairs=" + pairs);
                    default -> List.of("stories/reward", "data.pairs=" + pairs, "adapter.mode=lora", "adapter.r=4");
                });
        arguments.addAll(List.of(
                "steps=" + STEPS,
                "batch.prompts=3",
                "micro_batch=2",
                "learning_rate=1e-3",
                "warmup_ratio=0.2",
                "checkpoint.every=1",
                "checkpoint.keep=20"));
        return arguments;
    }

    private static Troupe done(List<String> arguments) {
        Troupe told = Troupe.of(arguments.toArray(new String[0]));
        assertThat(told.code()).as(told.err()).isZero();
        return told;
    }

    /** As if it had been killed after any of its steps, inside an epoch and at its border. */
    @ParameterizedTest
    @CsvSource({"sft, 1", "sft, 3", "sft, 8", "sft-lora, 4", "sft-new, 6", "reward, 2", "reward, 9", "reward-lora, 5"})
    void whatIsResumedEqualsTheStraightRun(String kind, int step) throws IOException {
        String straight = kind + "-straight-" + step;
        String killed = kind + "-killed-" + step;
        done(arguments(kind, straight));
        copy(runs.resolve(straight), runs.resolve(killed));
        for (int later = step + 1; later <= STEPS; later++) {
            delete(runs.resolve(killed + "/checkpoints/step-" + later));
        }
        Files.delete(runs.resolve(killed + "/summary.json"));
        done(List.of("run", "--resume", killed));
        assertSame(straight, killed);
    }

    @Test
    void asksForTheRowsThatItWasStartedWith() throws IOException {
        done(arguments("sft", "rows"));
        for (String changed : List.of(
                "seed=9",
                "batch.prompts=4",
                "train_on_inputs=true",
                "data.texts=" + pairs,
                "data.held_out=3",
                "template=chatml",
                "model.policy=stories-teacher")) {
            Troupe told = Troupe.of("run", "--resume", "rows", changed);
            assertThat(told.code()).as(changed).isEqualTo(2);
            assertThat(told.err()).contains(changed.split("=")[0], "its checkpoint goes on with nothing else");
        }
        done(List.of("run", "--resume", "rows", "steps=12"));
        assertThat(summary("rows").get("steps").asInt()).isEqualTo(12);
    }

    @Test
    void aSignalEndsAStepWithACheckpointAndTheRunGoesOn() throws Exception {
        done(arguments("sft", "whole"));
        List<String> endless = arguments("sft", "signal");
        endless.replaceAll(a -> a.equals("steps=" + STEPS) ? "steps=1000000" : a);
        endless.replaceAll(a -> a.equals("checkpoint.every=1") ? "checkpoint.every=0" : a);
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-Dtroupe.runs=" + runs, "-cp", System.getProperty("java.class.path")));
        command.add(Main.class.getName());
        command.addAll(endless);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        StringBuilder said = new StringBuilder();
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                said.append(line).append('\n');
                if (line.startsWith("step 10/")) {
                    process.toHandle().destroy();
                }
            }
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).as(said.toString()).isEqualTo(130);
        } finally {
            process.destroyForcibly();
        }
        assertThat(summary("signal").get("status").asText()).isEqualTo("interrupted");
        int steps = summary("signal").get("steps").asInt();
        assertThat(steps).isGreaterThanOrEqualTo(10);
        assertThat(runs.resolve("signal/checkpoints/step-" + steps)).isDirectory();
        done(List.of("run", "--resume", "signal", "steps=" + (steps + 1)));
        assertThat(Files.readAllLines(runs.resolve("signal/metrics.jsonl"))).hasSize(steps + 1);
    }

    private static void assertSame(String straight, String other) throws IOException {
        assertThat(Files.readString(runs.resolve(other + "/metrics.jsonl")))
                .isEqualTo(Files.readString(runs.resolve(straight + "/metrics.jsonl")));
        String last = "/checkpoints/step-" + STEPS;
        assertThat(files(runs.resolve(other + last))).isEqualTo(files(runs.resolve(straight + last)));
        for (String key : List.of("steps", "tokens_trained", "weights_sha256")) {
            assertThat(summary(other).get(key))
                    .as(key)
                    .isEqualTo(summary(straight).get(key));
        }
    }

    private static JsonNode summary(String run) throws IOException {
        return new ObjectMapper().readTree(runs.resolve(run + "/summary.json").toFile());
    }

    /** Every file but the manifest, which names the parents. */
    private static TreeMap<String, String> files(Path folder) throws IOException {
        TreeMap<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                if (!file.endsWith("manifest.json")) {
                    files.put(folder.relativize(file).toString(), HexFormat.of().formatHex(Files.readAllBytes(file)));
                }
            }
        }
        assertThat(files).isNotEmpty();
        return files;
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path each : all.toList()) {
                Files.copy(each, to.resolve(from.relativize(each).toString()));
            }
        }
    }

    private static void delete(Path tree) throws IOException {
        try (Stream<Path> all = Files.walk(tree)) {
            for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }
}
