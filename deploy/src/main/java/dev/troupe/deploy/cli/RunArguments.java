package dev.troupe.deploy.cli;

import dev.troupe.deploy.report.RunFolder;
import dev.troupe.deploy.run.RunRequest;
import dev.troupe.deploy.settings.ResumedSettings;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What {@code run} and {@code launch} have in common: which configuration, changed how, under which name. */
final class RunArguments {
    @Parameters(
            arity = "0..*",
            paramLabel = "CONFIG | KEY=VALUE",
            description = {
                "A configuration file or the name of a shipped one (default: stories/ppo), then settings to change,"
                        + " their values in HOCON."
            })
    private List<String> arguments = new ArrayList<>();

    @Option(names = "--name", paramLabel = "NAME", description = "Name of the run: its folder is runs/NAME.")
    private @Nullable String name;

    @Option(
            names = "--resume",
            paramLabel = "RUN",
            description = "Go on with this run (its name or folder) from its last checkpoint.")
    private @Nullable String resume;

    /** The run's settings; a resumed run has its own, over which KEY=VALUE may be given. */
    Settings settings() {
        ConfigArguments given = ConfigArguments.of(arguments);
        String config = given.config();
        List<String> overrides = new ArrayList<>(given.overrides());
        Path resumed = resumeFolder();
        if (resumed != null) {
            if (config != null) {
                throw new SettingsException("--resume takes the settings of " + resumed + "; leave out " + config);
            }
            return ResumedSettings.load(resumed.resolve("config.conf"), overrides);
        }
        return Settings.load(config, overrides);
    }

    /** What to run. */
    RunRequest request(boolean processes) {
        if (name != null && resume != null) {
            throw new SettingsException("--name and --resume exclude each other: a resumed run keeps its folder");
        }
        if (name != null && !name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
            throw new SettingsException("--name " + name + ": expected letters, digits, dots, dashes and underscores");
        }
        return new RunRequest(settings().startedAt(LocalDateTime.now()), name, resumeFolder(), processes);
    }

    private @Nullable Path resumeFolder() {
        if (resume == null) {
            return null;
        }
        for (Path folder : List.of(Path.of(resume), RunFolder.runs().resolve(resume))) {
            if (Files.isRegularFile(folder.resolve("config.conf"))) {
                return folder;
            }
        }
        throw new SettingsException(
                "--resume " + resume + ": no run with a config.conf in " + resume + " or runs/" + resume);
    }
}
