package dev.troupe.deploy.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.deploy.settings.Home;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StudyTest {
    @TempDir
    private Path folder;

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("study.conf"), text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"algorithms", "staleness"})
    void shippedStudiesAreRead(String name) {
        Study study = Study.read(Home.find().study(name));
        assertThat(study.arms()).hasSizeGreaterThan(8);
        assertThat(study.arms().get(0).overrides(7)).endsWith("seed=7");
    }

    @Test
    void whatIsWrongIsNamedBeforeAnythingRuns() throws IOException {
        assertThatThrownBy(() ->
                        Study.read(file("seeds=[1], arms=[{name=a, config=stories/ppo, set=[\"stalenes.max=1\"]}]")))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("arm a: ")
                .hasMessageContaining("did you mean staleness.max");
        assertThatThrownBy(() -> Study.read(file("seeds=[1], arms=[]"))).hasMessageContaining("needs arms and seeds");
        assertThatThrownBy(() -> Study.read(file(
                        "seeds=[1], arms=[{name=\"a b\", config=stories/ppo},{name=\"a-b\", config=stories/ppo}]")))
                .hasMessageContaining("two arms of the study have the same name");
        assertThatThrownBy(() -> Study.read(file("arms=[{name=a, config=stories/ppo}]")))
                .hasMessageContaining("seeds");
    }

    @Test
    void whatIsDoneStaysAndIsToldWithMeanAndDeviation() throws IOException {
        Study study = new Study(List.of(
                new Study.Arm("eta 2, none", "stories/ppo", List.of(), List.of(1L, 2L)),
                new Study.Arm("a < b", "stories/ppo", List.of(), List.of(1L))));
        done(study, 0, 1, 0.5, 1.0);
        done(study, 0, 2, 0.7, 1.2);
        done(study, 1, 1, 0.1, 2.0);
        ByteArrayOutputStream told = new ByteArrayOutputStream();
        int code = new StudyRunner(study, folder, new PrintStream(told, true, StandardCharsets.UTF_8)).run();
        assertThat(code).isZero();
        // 0.5 and 0.7, so 0.6 with a deviation of 0.2 / sqrt(2); 0.1 before.
        assertThat(Files.readString(folder.resolve("study.md")))
                .contains("| eta 2, none | 2 | 0.600 ± 0.141 | 0.500 | 0.400, 0.600 |")
                .contains("1.10 of 2, not reached")
                .contains("| 2.00 of 2 |");
        assertThat(Files.readString(folder.resolve("study.svg")))
                .contains("a &lt; b")
                .containsOnlyOnce("eta 2, none");
        assertThat(told.toString(StandardCharsets.UTF_8)).contains("table and plot: ");
    }

    @Test
    void aRunOfOtherSettingsIsNotMixedIn() throws IOException {
        Study.Arm before = new Study.Arm("a", "stories/ppo", List.of(), List.of(1L));
        done(new Study(List.of(before)), 0, 1, 0.5, 1.0);
        Study now = new Study(List.of(new Study.Arm("a", "stories/ppo", List.of("staleness.max=1"), List.of(1L))));
        assertThatThrownBy(() -> new StudyRunner(now, folder, System.out).run())
                .hasMessageContaining("was made with other settings than arm a has now");
    }

    private void done(Study study, int arm, long seed, double gold, double staleness) throws IOException {
        Path run = folder.resolve(study.arms().get(arm).run(seed));
        Files.createDirectories(run);
        Study.Arm of = study.arms().get(arm);
        Files.writeString(
                run.resolve("config.conf"),
                Settings.load(of.config(), of.overrides(seed)).render());
        Files.writeString(
                run.resolve("summary.json"),
                "{\"status\":\"done\",\"gold_before\":0.1,\"gold_after\":" + gold
                        + ",\"grammar_before\":0.9,\"grammar_after\":0.8,\"distinct\":1,\"kl\":2,\"seconds\":60,"
                        + "\"staleness\":{\"mean\":" + staleness + ",\"max\":2}}");
    }
}
