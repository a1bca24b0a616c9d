package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * With staleness.max = 0 a run is a function of its settings: repeated, spread over two rollouts, or interrupted and
 * resumed, it leaves the same bytes behind.
 */
class ExactResumeIT {
    private static final int STEPS = 8;

    /** Rows of a batch that do not fill the scorers' requests evenly, and several mini-batches in a shuffled order. */
    private static final List<String> SETTINGS = List.of(
            "steps=" + STEPS,
            "seed=3",
            "staleness.max=0",
            "batch.prompts=5",
            "num_generations=2",
            "num_ppo_epochs=2",
            "num_mini_batches=2",
            "micro_batch=4",
            "max_new_tokens=24",
            "learning_rate=1e-3",
            "lr_scheduler_type=linear",
            "warmup_ratio=0.2",
            "eval.count=2",
            "eval.samples=2",
            "rollout.slots=4",
            "rollout.prefetch=2",
            "rollout.context=64",
            "scoring.batch=4",
            "reward.batch=3",
            "checkpoint.every=2",
            "checkpoint.keep=10");

    /** Groups of which some are filtered, because the short stories' sentiment is often the same. */
    private static final String[] FILTERED = {
        "algorithm=dapo", "num_iterations=2", "num_mini_batches=5", "reward.kind=rule", "max_new_tokens=12"
    };

    @TempDir
    private static Path runs;

    @BeforeAll
    static void straight() {
        System.setProperty("troupe.runs", runs.toString());
        assertThat(run("straight")).isZero();
    }

    @AfterAll
    static void keepRunsWhereTheyBelong() {
        System.clearProperty("troupe.runs");
    }

    @Test
    void aRunRepeatsItselfAlsoWithTwoRollouts() throws IOException {
        assertThat(run("two", "rollout.replicas=2")).isZero();

        assertSame("straight", "two");
    }

    @Test
    void aRunThatFiltersGroupsRepeatsItselfWithTwoRolloutsAndResumed() throws Exception {
        assertThat(run("filtered", FILTERED)).isZero();
        assertThat(metrics(runs.resolve("filtered")).stream()
                        .mapToLong(m -> m.get("groups/filtered").asLong())
                        .sum())
                .isPositive();
        List<String> two = new ArrayList<>(List.of(FILTERED));
        two.add("rollout.replicas=2");

        assertThat(run("filtered-two", two.toArray(new String[0]))).isZero();
        interruptAndResume("filtered-interrupted", FILTERED);

        assertSame("filtered", "filtered-two");
        assertSame("filtered", "filtered-interrupted");
    }

    @Test
    void anInterruptedAndResumedRunEqualsTheStraightOne() throws Exception {
        interruptAndResume("interrupted");

        assertSame("straight", "interrupted");
    }

    private static void interruptAndResume(String name, String... more) throws Exception {
        Process process = child(name, more);
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            List<String> said = new ArrayList<>();
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                said.add(line);
                if (line.startsWith("step 3/")) {
                    // Not through the process itself, which would close its output as well.
                    process.toHandle().destroy();
                }
            }
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).as(String.join("\n", said)).isEqualTo(130);
        } finally {
            process.destroyForcibly();
        }
        JsonNode stopped = new ObjectMapper()
                .readTree(runs.resolve(name).resolve("summary.json").toFile());
        assertThat(stopped.get("status").asText()).isEqualTo("interrupted");
        assertThat(stopped.get("steps").asInt()).isBetween(3, STEPS - 1);

        assertThat(Troupe.of("run", "--resume", name).code()).isZero();
    }

    @Test
    void aCheckpointWithAFlippedBitIsRefusedAndLeftAlone() throws IOException {
        assertThat(run("flipped", "steps=1")).isZero();
        Path file = runs.resolve("flipped/checkpoints/step-1/optimizer/value.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 4;
        Files.write(file, bytes);
        Map<String, String> before = files(runs.resolve("flipped"));

        Troupe told = Troupe.of("run", "--resume", "flipped", "steps=2");

        assertThat(told.code()).isEqualTo(1);
        assertThat(told.err())
                .contains("step-1", "optimizer/value.safetensors", "SHA-256")
                .doesNotContain("\tat ");
        assertThat(files(runs.resolve("flipped"))).isEqualTo(before);
    }

    private static int run(String name, String... more) {
        return Troupe.of(arguments(name, more).toArray(new String[0])).code();
    }

    private static List<String> arguments(String name, String... more) {
        List<String> arguments = new ArrayList<>(List.of("run", "--name", name));
        arguments.addAll(SETTINGS);
        arguments.addAll(List.of(more));
        return arguments;
    }

    private static Process child(String name, String... more) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.add("-Dtroupe.runs=" + runs);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(Main.class.getName());
        command.addAll(arguments(name, more));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static void assertSame(String straight, String name) throws IOException {
        Path one = runs.resolve(straight);
        Path other = runs.resolve(name);
        assertThat(Files.readString(other.resolve("trained.jsonl")))
                .isEqualTo(Files.readString(one.resolve("trained.jsonl")));
        assertThat(metrics(other)).isEqualTo(metrics(one));
        String last = "checkpoints/step-" + STEPS;
        assertThat(files(other.resolve(last))).isEqualTo(files(one.resolve(last)));
        assertThat(hash(other)).isEqualTo(hash(one));
    }

    private static String hash(Path run) throws IOException {
        return new ObjectMapper()
                .readTree(run.resolve("summary.json").toFile())
                .get("weights_sha256")
                .asText();
    }

    /** Without what depends on the clock, on the wire's repetitions and on the number of rollouts. */
    private static List<JsonNode> metrics(Path run) throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            ObjectNode node = (ObjectNode) json.readTree(line);
            List<String> names = new ArrayList<>();
            node.fieldNames().forEachRemaining(names::add);
            names.removeIf(n -> !n.startsWith("time/") && !n.startsWith("bytes/") && !n.startsWith("rollouts/"));
            node.remove(names);
            lines.add(node);
        }
        return lines;
    }

    /** Every file but the manifest, which names the parents, as its bytes in hexadecimal digits of a digest. */
    private static Map<String, String> files(Path folder) throws IOException {
        Map<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                if (!file.endsWith("manifest.json") && !file.endsWith("run.log")) {
                    byte[] bytes = Files.readAllBytes(file);
                    files.put(folder.relativize(file).toString(), sha256(bytes));
                }
            }
        }
        assertThat(files).isNotEmpty();
        return files;
    }

    private static String sha256(byte[] bytes) {
        try {
            return java.util.HexFormat.of()
                    .formatHex(
                            java.security.MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
