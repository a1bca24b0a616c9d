package dev.troupe.deploy.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
    @TempDir
    private Path folder;

    private static List<String> shipped() {
        return Home.find().configs();
    }

    @ParameterizedTest
    @MethodSource("shipped")
    void everyShippedConfigurationLoads(String name) {
        assertThat(Settings.load(name, List.of()).keys()).contains("steps", "learning_rate", "data.prompts");
    }

    @ParameterizedTest
    @MethodSource("shipped")
    void renderedSettingsMeanTheSame(String name) throws Exception {
        Settings settings = Settings.load(name, List.of("seed=7", "stop=[\"a b\", \"c\"]", "missing_eos_penalty=null"));
        Path file = Files.writeString(folder.resolve("config.conf"), settings.render());

        Settings again = Settings.load(file.toString(), List.of());

        assertThat(again.config().root()).isEqualTo(settings.config().root());
        assertThat(again.render()).isEqualTo(settings.render());
    }

    @ParameterizedTest
    @MethodSource("rooms")
    void everyRoomDocumentsEachOfItsKeys(String room) {
        Map<String, ConfigValue> keys = Defaults.leaves(Defaults.room(room).root());
        Set<Integer> above = new HashSet<>();
        keys.values().forEach(value -> above.add(value.origin().lineNumber() + 1));
        commentedGroups(Defaults.room(room).root(), above);
        assertThat(keys).as("keys of %s.conf", room).isNotEmpty();
        keys.forEach((key, value) -> {
            // A key may share the paragraph of the key or group in the line above it.
            boolean documented = !value.origin().comments().isEmpty()
                    || above.contains(value.origin().lineNumber());
            assertThat(documented).as("%s in %s.conf has a comment", key, room).isTrue();
        });
    }

    private static void commentedGroups(ConfigObject root, Set<Integer> above) {
        root.values().forEach(value -> {
            if (value instanceof ConfigObject group) {
                if (!group.origin().comments().isEmpty()) {
                    above.add(group.origin().lineNumber() + 1);
                }
                commentedGroups(group, above);
            }
        });
    }

    private static List<String> rooms() {
        return Defaults.rooms();
    }

    @Test
    void noKeyBelongsToTwoRooms() {
        Map<String, String> owners = new HashMap<>();
        for (String room : Defaults.rooms()) {
            Defaults.leaves(Defaults.room(room).root())
                    .keySet()
                    .forEach(key -> assertThat(owners.put(key, room))
                            .as("%s of %s is also a key of", key, room)
                            .isNull());
        }
    }

    @Test
    void theCommandLineIsOverTheFileAndTheFileIsOverTheDefaults() throws Exception {
        Path file = Files.writeString(folder.resolve("mine.conf"), "steps = 3\nseed = 4\n");

        Settings settings = Settings.load(file.toString(), List.of("seed=5", "seed=6"));

        assertThat(settings.config().getInt("steps")).isEqualTo(3);
        assertThat(settings.config().getInt("seed")).isEqualTo(6);
        assertThat(settings.source("steps")).isEqualTo(file + ":1");
        assertThat(settings.source("seed")).isEqualTo("command line");
        assertThat(settings.source("learning_rate")).isEqualTo("default");
    }

    @Test
    void anIncludedFileCounts() throws Exception {
        Files.writeString(folder.resolve("base.conf"), "steps = 3\nseed = 4\n");
        Path file = Files.writeString(folder.resolve("mine.conf"), "include \"base\"\nsteps = 9\n");

        Settings settings = Settings.load(file.toString(), List.of());

        assertThat(settings.config().getInt("steps")).isEqualTo(9);
        assertThat(settings.source("seed")).isEqualTo(folder.resolve("base.conf") + ":2");
    }

    @Test
    void aPathBesideTheFileIsTakenFromItsFolderAndOneOfTheCommandLineIsNot() throws Exception {
        Path file = Files.writeString(
                folder.resolve("mine.conf"),
                "data.prompts = ./p.jsonl\neval.prompts = sub/e.jsonl\nmodel.policy = ../m\nmodel.reward = ./r\n");

        Settings settings = Settings.load(file.toString(), List.of("model.reward=./here"));

        assertThat(settings.config().getString("data.prompts"))
                .isEqualTo(folder.resolve("p.jsonl").toString());
        assertThat(settings.config().getString("eval.prompts")).isEqualTo("sub/e.jsonl");
        assertThat(settings.config().getString("model.policy"))
                .isEqualTo(folder.resolveSibling("m").toString());
        assertThat(settings.config().getString("model.reward")).isEqualTo("./here");
        assertThat(settings.source("data.prompts")).isEqualTo(file + ":1");
    }

    @Test
    void modelsInTheListOfRewardsAreFoundBesideTheFileToo() throws Exception {
        Path file = Files.writeString(
                folder.resolve("mine.conf"),
                "reward.parts = [{model = ./r, weight = 2}, {rule = length}, {model = stories-reward, name = other}]\n");

        Settings settings = Settings.load(file.toString(), List.of());

        assertThat(settings.config().getConfigList("reward.parts").stream()
                        .map(part -> part.hasPath("model") ? part.getString("model") : ""))
                .containsExactly(folder.resolve("r").toString(), "", "stories-reward");
        assertThatThrownBy(() -> Settings.load(
                        Files.writeString(file, "seed = 1\nreward.parts = [{rule = length, weight = a}]\n")
                                .toString(),
                        List.of()))
                .hasMessageStartingWith(file + ":2: reward.parts has as part 1");
    }

    @Test
    void anUnknownKeyIsRefusedWithTheNearestOneAndItsPlace() throws Exception {
        Path file = Files.writeString(folder.resolve("mine.conf"), "seed = 1\nlearning_rat = 1e-3\n");

        assertThatThrownBy(() -> Settings.load(file.toString(), List.of("rollout.replica=2")))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining(file + ":2: unknown key learning_rat; did you mean learning_rate?")
                .hasMessageContaining("command line: unknown key rollout.replica; did you mean rollout.replicas?");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "steps=many | steps = many: expected an integer",
                "steps=1.5 | steps = 1.5: expected an integer",
                "steps=null | steps = null: expected an integer",
                "learning_rate=fast | learning_rate = fast: expected a number",
                "whiten_rewards=1 | whiten_rewards = 1: expected true or false",
                "stop=x | stop = x: expected a list",
                "rollout.deadline=soon | rollout.deadline = soon: expected a duration",
                "model.policy=[a] | model.policy = [a]: expected a text",
                "rollout=5 | rollout is a group of settings"
            })
    void aValueOfTheWrongTypeIsRefused(String overrideAndError) {
        String[] parts = overrideAndError.split(" \\| ", 2);

        assertThatThrownBy(() -> Settings.load(null, List.of(parts[0])))
                .isInstanceOf(SettingsException.class)
                .hasMessageStartingWith("command line: ")
                .hasMessageContaining(parts[1]);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "max_new_tokens=0",
                "temperature=-1.0",
                "cluster.host=example.invalid",
                "cluster.host=0.0.0.0",
                "reward.kind=taste",
                "kl_estimator=k9",
                "algorithm=prayer",
                "adapter.mode=prefix",
                "adapter.r=0",
                "data.pairs_margin=2.0",
                "learner.threads=0"
            })
    void aValueThatARoomCannotUseIsRefusedWithItsPlace(String override) {
        String key = override.replaceFirst("=.*", "");

        assertThatThrownBy(() -> Settings.load(null, List.of(override)))
                .isInstanceOf(SettingsException.class)
                .hasMessageStartingWith("command line: ")
                .hasMessageContaining(key);
    }

    @Test
    void valuesAreHoconAndWhatHoconCannotReadIsText() {
        Config config = Settings.load(
                        null,
                        List.of(
                                "learning_rate=1e-3",
                                "value_learning_rate=2e-3",
                                "stop=[\"\\n\", end]",
                                "reward.http.url=https://judge.example/score",
                                "reward.parts=[{http = \"https://judge.example/more\"}]",
                                "data.prompts=/a/b c:d?.jsonl",
                                "rollout.deadline=1500ms"))
                .config();

        assertThat(config.getDouble("learning_rate")).isEqualTo(0.001);
        assertThat(config.getDouble("value_learning_rate")).isEqualTo(0.002);
        assertThat(config.getStringList("stop")).containsExactly("\n", "end");
        assertThat(config.getString("data.prompts")).isEqualTo("/a/b c:d?.jsonl");
        assertThat(config.getString("reward.http.url")).isEqualTo("https://judge.example/score");
        assertThat(config.getConfigList("reward.parts").get(0).getString("http"))
                .isEqualTo("https://judge.example/more");
        assertThat(config.getDuration("rollout.deadline")).hasMillis(1500);
    }

    @Test
    void nullStaysNullWhereTheDefaultIsNull() {
        assertThat(Settings.load(null, List.of()).config().getIsNull("missing_eos_penalty"))
                .isTrue();
        assertThat(Settings.load(null, List.of("missing_eos_penalty=1.0"))
                        .config()
                        .getDouble("missing_eos_penalty"))
                .isEqualTo(1.0);
    }

    @Test
    void aMissingFileIsRefusedWithTheShippedOnes() {
        assertThatThrownBy(() -> Settings.load("stories/pro", List.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("no configuration stories/pro")
                .hasMessageContaining("stories/ppo");
    }

    @Test
    void brokenHoconIsRefusedWithFileAndLine() throws Exception {
        Path file = Files.writeString(folder.resolve("broken.conf"), "steps = 3\nseed = {\n");

        assertThatThrownBy(() -> Settings.load(file.toString(), List.of()))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("broken.conf");
    }

    @ParameterizedTest
    @ValueSource(strings = {"=5", "a..b=5"})
    void anOverrideMustHaveAKey(String override) {
        assertThatThrownBy(() -> Settings.load(null, List.of(override)))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining(override);
    }

    /** A run that is resumed or repeated has the date at which it was started first. */
    @Test
    void theStartOfARunIsFixedOnce() {
        Settings fresh = Settings.load("stories/ppo", List.of());
        assertThat(fresh.config().getString("template_date")).isEmpty();
        Settings started = fresh.startedAt(java.time.LocalDateTime.of(2026, 11, 30, 21, 55, 7, 9));
        assertThat(started.config().getString("template_date")).isEqualTo("2026-11-30T21:55:07");
        Settings again = Settings.parse("config.conf", started.render(), List.of())
                .startedAt(java.time.LocalDateTime.of(2027, 1, 1, 0, 0));
        assertThat(again.render()).isEqualTo(started.render());
    }
}
