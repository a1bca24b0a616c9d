package dev.troupe.deploy.cli;

import dev.troupe.deploy.report.RunFolder;
import dev.troupe.deploy.settings.Home;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.deploy.study.Study;
import dev.troupe.deploy.study.StudyRunner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code troupe study}. */
@Command(
        name = "study",
        mixinStandardHelpOptions = true,
        header = "Compare: run several settings with several seeds, and make a table and a plot of them.",
        description = {
            "Runs that are done stay, so the same command goes on where it was stopped.",
            "A study is a file of seeds and arms, each with a name, a config and what is set in it."
        },
        footer = {"", "Example:", "  troupe study staleness"})
final class StudyCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "STUDY", description = "A file, or the name of a shipped study.")
    private String study = "";

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "Folder of the study's runs below runs/. Default: the study's name.")
    private @Nullable String name;

    @Override
    public Integer call() {
        Path file = Path.of(study);
        if (!Files.isRegularFile(file)) {
            file = Home.find().study(study);
        }
        if (!Files.isRegularFile(file)) {
            throw new SettingsException("study " + study + ": no such file, and no study of that name is shipped");
        }
        String folder = name != null ? name : String.valueOf(file.getFileName()).replaceFirst("\\.conf$", "");
        return new StudyRunner(Study.read(file), RunFolder.runs().resolve(folder), System.out).run();
    }
}
