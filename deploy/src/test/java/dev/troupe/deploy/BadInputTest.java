package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.deploy.report.RunFolder;
import dev.troupe.deploy.settings.Home;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelInit;
import dev.troupe.model.Tokenizer;
import dev.troupe.train.checkpoint.CheckpointStore;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong is told in words, by its name, before a run's folder is made. */
class BadInputTest {
    @TempDir
    private Path folder;

    private Path runs;

    @BeforeEach
    void keepRunsHere() {
        runs = folder.resolve("runs");
        System.setProperty("troupe.runs", runs.toString());
    }

    @AfterEach
    void keepRunsWhereTheyBelong() {
        System.clearProperty("troupe.runs");
    }

    private void refused(int code, Troupe told, String... said) {
        assertThat(told.code()).as(told.err()).isEqualTo(code);
        assertThat(told.err()).contains(said).doesNotContain("\tat ");
        assertThat(runs.resolve("bad")).doesNotExist();
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    @Test
    void dynamicSamplingWithoutGroups() {
        refused(
                2,
                Troupe.run("bad", "dynamic_sampling=true"),
                "command line: dynamic_sampling = true: ppo trains trajectories one by one");
        refused(
                2,
                Troupe.run("bad", "algorithm=sft", "dynamic_sampling=true"),
                "command line: dynamic_sampling = true: sft is offline");
    }

    @Test
    void unknownKey() {
        refused(
                2,
                Troupe.run("bad", "learning_rat=1e-3"),
                "command line: unknown key learning_rat",
                "did you mean learning_rate?");
    }

    @Test
    void wrongType() {
        refused(2, Troupe.run("bad", "steps=many"), "command line: steps = many: expected an integer");
    }

    @Test
    void missingConfiguration() {
        refused(2, Troupe.of("run", "nowhere.conf", "--name", "bad"), "nowhere.conf", "stories/ppo");
    }

    @Test
    void missingModel() {
        refused(2, Troupe.run("bad", "model.policy=nowhere"), "model.policy = nowhere", "stories");
    }

    @Test
    void brokenSafetensors() throws IOException {
        Path model = copyOfModel("stories");
        byte[] bytes = Files.readAllBytes(model.resolve("model.safetensors"));
        Files.write(model.resolve("model.safetensors"), java.util.Arrays.copyOf(bytes, bytes.length / 2));

        refused(1, Troupe.run("bad", "model.policy=" + model), model.resolve("model.safetensors") + "");
    }

    @Test
    void tokenizersThatDiffer() throws IOException {
        Path model = copyOfModel("stories-reward");
        Path tokenizer = model.resolve("tokenizer.json");
        try (Tokenizer ours = Tokenizer.open(model)) {
            ObjectNode json = (ObjectNode) new ObjectMapper().readTree(tokenizer.toFile());
            Files.writeString(tokenizer, json.toPrettyString());
            try (Tokenizer theirs = Tokenizer.open(model)) {
                assertThat(theirs.sha256()).isNotEqualTo(ours.sha256());
                assertThat(theirs.sameTokens(ours)).as("a file of other bytes").isTrue();
            }
            Files.writeString(tokenizer, withTwoTokensChanged(json));
        }

        refused(
                2,
                Troupe.run("bad", "model.reward=" + model),
                "the tokenizer of model.reward = " + model,
                "model.policy = stories");
    }

    private static String withTwoTokensChanged(JsonNode tokenizer) {
        ObjectNode ids = (ObjectNode) tokenizer.at("/model/vocab");
        int a = ids.get("a").asInt();
        ids.put("a", ids.get("b").asInt()).put("b", a);
        return tokenizer.toString();
    }

    @Test
    void aTeacherThatDoesNotFit() throws IOException {
        refused(2, gkd(), "model.teacher = null", "algorithm = gkd");
        Path model = copyOfModel("stories");
        Path tokenizer = model.resolve("tokenizer.json");
        Files.writeString(tokenizer, withTwoTokensChanged(new ObjectMapper().readTree(tokenizer.toFile())));
        refused(2, gkd("model.teacher=" + model), "the tokenizer of model.teacher = " + model);
        Path wide = folder.resolve("wide");
        ModelConfig config = ModelConfig.llama(600, 16, 24, 1, 2, 1, 128);
        ModelFolder.save(wide, config, ModelInit.random(config, 1), Home.find().model("stories"));
        refused(
                2,
                gkd("model.teacher=" + wide),
                "model.teacher = " + wide + " has an embedding of 600 tokens and model.policy = stories one of 512");
        refused(2, gkd("model.teacher=stories-reward"), "model.teacher = stories-reward has a score head");
        refused(2, gkd("model.teacher=stories", "beta=2"), "beta = 2: expected 0 to 1");
        refused(2, gkd("model.teacher=stories", "lmbda=-0.5"), "lmbda = -0.5: expected 0 to 1");
        refused(2, gkd("model.teacher=stories", "teacher.top_k=-3"), "teacher.top_k = -3");
        Path prompts = file("bare.jsonl", "{\"prompt\":\"Once\"}\n");
        refused(
                2,
                gkd("model.teacher=stories", "data.prompts=" + prompts),
                "data.prompts = " + prompts + ":1: no text in the column \"completion\" of the prompt \"Once\"");
    }

    @Test
    void modelsOfTheWrongKind() {
        refused(
                2,
                Troupe.run("bad", "model.policy=stories-reward"),
                "model.policy = stories-reward has a score head: expected a language model");
        refused(
                2,
                Troupe.run("bad", "model.reward=stories"),
                "model.reward = stories has no score head: expected a reward model");
        refused(
                2,
                Troupe.run("bad", "model.reference=stories-reward"),
                "model.reference = stories-reward has a score head: expected a language model");
        refused(
                2,
                Troupe.run("bad", "algorithm=sft", "model.policy=stories-reward"),
                "model.policy = stories-reward has a score head");
    }

    @Test
    void sizesThatCannotWorkTogether() {
        refused(
                2,
                Troupe.run("bad", "rollout.context=12"),
                "max_new_tokens = 12 leaves no room for a prompt in a context of 12 tokens");
        refused(2, Troupe.run("bad", "rollout.context=16"), "data.prompts = stories, draw 0: the prompt has");
        refused(2, Troupe.run("bad", "max_new_tokens=1000000"), "max_new_tokens = 1000000 leaves no room");
        refused(
                2,
                Troupe.run("bad", "batch.prompts=1073741825"),
                "batch.prompts = 1073741825: with num_generations = 2 a step has 2147483650 trajectories");
        refused(2, Troupe.run("bad", "rollout.slots=2147483647"), "rollout");
        refused(
                2,
                Troupe.of("run", "stories/sft", "--name", "bad", "model.new.heads=7"),
                "model.new = {",
                "heads must be a multiple of key-value heads");
    }

    @Test
    void badDataOfAnOfflineRun() throws IOException {
        Path pairs = file("pairs.jsonl", "{\"prompt\":\"Once\",\"chosen\":\"a\"}\n");
        refused(2, Troupe.of("run", "stories/reward", "--name", "bad", "data.pairs=" + pairs), pairs + ":1:");
        Path texts = file("texts.jsonl", "{\"text\":\n");
        refused(
                2,
                Troupe.of("run", "stories/sft", "--name", "bad", "model.policy=stories", "data.texts=" + texts),
                texts + ":1:");
        refused(
                2,
                Troupe.of("run", "stories/sft", "--name", "bad", "data.texts=" + texts),
                "model.policy = new: only algorithm = sft on data.texts = stories");
    }

    private static Troupe gkd(String... settings) {
        return Troupe.run(
                "bad",
                Stream.concat(Stream.of("algorithm=gkd", "num_generations=1"), java.util.Arrays.stream(settings))
                        .toArray(String[]::new));
    }

    @Test
    void promptLongerThanTheContext() throws IOException {
        Path prompts =
                file("long.jsonl", "{\"prompt\":\"Once\"}\n{\"prompt\":\"" + "Mia saw the dog. ".repeat(99) + "\"}\n");

        refused(
                2,
                Troupe.run("bad", "data.prompts=" + prompts),
                "data.prompts = " + prompts + ":2: the prompt has ",
                "expected 1 to 52",
                "Mia saw the dog.");
        refused(
                2,
                Troupe.run("bad", "eval.prompts=" + prompts),
                "eval.prompts = " + prompts + ":2: the prompt has",
                "Mia saw the dog.");
    }

    @Test
    void dialoguesForAChatTemplateThatIsNotKnown() throws IOException {
        Path prompts = file("chat.jsonl", "{\"instruction\":\"Name a colour.\"}\n");

        refused(
                2,
                Troupe.run("bad", "data.prompts=" + prompts, "template=chatlm"),
                "troupe: template = chatlm is not known",
                "chatml");
    }

    @Test
    void emptyPromptFile() throws IOException {
        Path prompts = file("empty.jsonl", "\n");

        refused(2, Troupe.run("bad", "data.prompts=" + prompts), prompts + "", "empty");
        refused(2, Troupe.run("bad", "eval.prompts=" + prompts), prompts + "", "empty");
    }

    @Test
    void badLineOfAPromptFile() throws IOException {
        Path prompts = file("bad.jsonl", "{\"prompt\":\"Once\"}\n{\"prompt\":\n");

        refused(2, Troupe.run("bad", "data.prompts=" + prompts), prompts + ":2: not JSON");
    }

    @Test
    void missingWordList() {
        refused(2, Troupe.run("bad", "reward.lexicon=nowhere.txt"), "nowhere.txt", "reward.lexicon");
    }

    @Test
    void unknownRule() {
        refused(
                2,
                Troupe.run("bad", "reward.kind=rule", "reward.rule=no.such.Rule"),
                "reward.rule = no.such.Rule",
                "class path");
    }

    @Test
    void unknownPartOfTheReward() {
        refused(
                2,
                Troupe.run("bad", "reward.parts=[{rule = sentiment}, {rule = cheerful}]"),
                "reward.parts part 2 = cheerful: no such rule; expected sentiment, length, brevity, gsm8k, format");
        refused(
                2,
                Troupe.run("bad", "reward.parts=[{oracle = delphi}]"),
                "command line: reward.parts has as part 1 {\"oracle\":\"delphi\"}: unknown key [oracle]");
        refused(
                2,
                Troupe.run("bad", "reward.parts=[{model = nowhere}]"),
                "reward.parts part 1 = nowhere: no model there");
    }

    @Test
    void weightThatIsNoNumber() {
        refused(
                2,
                Troupe.run("bad", "reward.parts=[{rule = length, weight = heavy}]"),
                "command line: reward.parts has as part 1",
                "weight = heavy: expected a number");
    }

    @Test
    void addressOfNoService() {
        refused(
                2,
                Troupe.run("bad", "reward.kind=http", "reward.http.url=judge:80"),
                "command line: reward.http.url = judge:80: expected https://HOST/PATH");
        refused(
                2,
                Troupe.run("bad", "reward.parts=[{http = \"http://judge.example/score\"}]"),
                "reward.parts part 1 = http://judge.example/score: plain http leaves this machine");
    }

    @Test
    void promptsWithoutTheColumnThatARuleReads() throws IOException {
        Path prompts = file("q.jsonl", "{\"prompt\":\"Once\",\"answer\":\"#### 3\"}\n{\"prompt\":\"Two\",\"id\":2}\n");

        refused(
                2,
                Troupe.run("bad", "reward.kind=rule", "reward.rule=gsm8k", "data.prompts=" + prompts),
                "data.prompts = " + prompts
                        + ":2: the prompt \"Two\" has no column \"answer\", which reward.rule = gsm8k"
                        + " reads; its row has beside the prompt [id]");
        refused(
                2,
                Troupe.run("bad", "reward.parts=[{rule = gsm8k}]"),
                "data.prompts = stories, draw 0: the prompt ",
                "which reward.parts part 1 = gsm8k reads");
    }

    @Test
    void formatThatIsNoPattern() {
        refused(
                2,
                Troupe.run("bad", "reward.kind=rule", "reward.rule=format", "reward.format=\"(a\""),
                "reward.format = (a: not a regular expression");
    }

    @Test
    void temperatureWithoutSamples() {
        refused(2, Troupe.run("bad", "temperature=0"), "troupe: temperature = 0: ppo needs samples; expected above 0");
        refused(
                2,
                Troupe.of("run", "--processes", "--name", "bad", "temperature=0", "algorithm=grpo"),
                "troupe: temperature = 0: grpo needs samples; expected above 0");
    }

    @Test
    void resumingWithoutACheckpoint() throws IOException {
        RunFolder run = begun();

        refusedUnchanged(2, run, "run " + run.path() + " has no finished checkpoint to resume from");
    }

    @Test
    void resumingFromACheckpointWithAFlippedBit() throws IOException {
        RunFolder run = begun();
        Path weights = new CheckpointStore(run.checkpoints(), 1)
                .write(3, 3, List.of(), folder -> Files.writeString(folder.resolve("weights"), "as it was written"))
                .resolve("weights");
        byte[] bytes = Files.readAllBytes(weights);
        bytes[5] ^= 4;
        Files.write(weights, bytes);

        refusedUnchanged(1, run, "step-3", "weights", "SHA-256");
    }

    @Test
    void resumingARunUnderWay() throws IOException {
        RunFolder run = begun();
        try (FileChannel learner = FileChannel.open(
                run.path().resolve("learner.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            assertThat(learner.tryLock()).isNotNull();

            refusedUnchanged(2, run, "run begun is under way: another learner holds");
        }
    }

    private RunFolder begun() {
        return RunFolder.create(runs, "begun", Settings.load(null, Troupe.SMALL));
    }

    /** Whether each role would have got a process of its own or not. */
    private static void refusedUnchanged(int code, RunFolder run, String... said) throws IOException {
        Map<Path, String> before = files(run.path());
        for (String mode : List.of("run", "launch")) {
            List<String> arguments = new ArrayList<>(mode.equals("run") ? List.of("run") : List.of("launch", "local"));
            arguments.addAll(List.of("--resume", run.path().toString()));
            Troupe told = Troupe.of(arguments.toArray(new String[0]));

            assertThat(told.code()).as(told.err()).isEqualTo(code);
            assertThat(told.err()).contains(said).doesNotContain("\tat ");
            assertThat(files(run.path())).as("files after %s", mode).isEqualTo(before);
        }
    }

    private static Map<Path, String> files(Path folder) throws IOException {
        Map<Path, String> files = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : paths.filter(Files::isRegularFile).toList()) {
                files.put(path, Files.readString(path, StandardCharsets.ISO_8859_1));
            }
        }
        return files;
    }

    @Test
    void portInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            refused(
                    1,
                    Troupe.run("bad", "cluster.port=" + taken.getLocalPort()),
                    "cluster.port = " + taken.getLocalPort() + " on 127.0.0.1",
                    "another process listens there");
        }
    }

    @Test
    void readOnlyFolder() throws IOException {
        Files.createDirectory(runs);
        Files.setPosixFilePermissions(runs, java.nio.file.attribute.PosixFilePermissions.fromString("r-xr-xr-x"));
        try {
            refused(2, Troupe.run("bad"), "run folder " + runs, "read-only");
        } finally {
            Files.setPosixFilePermissions(runs, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    private Path copyOfModel(String name) throws IOException {
        Path from = Home.find().model(name);
        Path to = Files.createDirectory(folder.resolve("model"));
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.write(to.resolve(String.valueOf(file.getFileName())), Files.readAllBytes(file));
            }
        }
        assertThat(to.resolve("config.json")).content(StandardCharsets.UTF_8).isNotEmpty();
        return to;
    }
}
