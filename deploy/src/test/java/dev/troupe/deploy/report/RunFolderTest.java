package dev.troupe.deploy.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
    @TempDir
    private Path runs;

    private final Settings settings = Settings.parse("test", "seed = 9", List.of());

    @Test
    void aNewRunHasItsSettings() {
        RunFolder folder = RunFolder.create(runs, "one", settings);

        assertThat(folder.path()).isEqualTo(runs.resolve("one"));
        assertThat(Settings.load(folder.config().toString(), List.of()).config().getInt("seed"))
                .isEqualTo(9);
        assertThat(RunFolder.open(folder.path())).isEqualTo(folder);
    }

    @Test
    void anExistingRunIsNotWrittenOver() throws Exception {
        RunFolder.create(runs, "one", settings);
        Files.writeString(runs.resolve("one/mine"), "kept");

        assertThatThrownBy(() -> RunFolder.create(runs, "one", settings))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining(runs.resolve("one").toString())
                .hasMessageContaining("--resume one");
        assertThat(runs.resolve("one/mine")).hasContent("kept");
    }

    @Test
    void aReadOnlyFolderIsRefusedAndNothingIsLeft() throws Exception {
        Files.setPosixFilePermissions(runs, PosixFilePermissions.fromString("r-xr-xr-x"));
        try {
            assertThatThrownBy(() -> RunFolder.create(runs.resolve("deep/runs"), "one", settings))
                    .isInstanceOf(SettingsException.class)
                    .hasMessageContaining(runs + " is read-only");
            assertThat(runs).isEmptyDirectory();
        } finally {
            Files.setPosixFilePermissions(runs, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
    }

    @Test
    void aFileInTheWayIsNamed() throws Exception {
        Path file = Files.writeString(runs.resolve("runs"), "");

        assertThatThrownBy(() -> RunFolder.create(file, "one", settings))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining(file + " is not a folder");
    }

    @Test
    void aFolderWithoutSettingsIsNoRun() {
        assertThatThrownBy(() -> RunFolder.open(runs))
                .isInstanceOf(SettingsException.class)
                .hasMessageContaining("no config.conf");
    }
}
