package dev.troupe.deploy.study;

import dev.troupe.deploy.run.ChildProcess;
import dev.troupe.deploy.run.Interrupts;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs what a study lacks, one run after another, each in a process of its own. */
public final class StudyRunner {
    /** A run that takes longer hangs; studies are of short ones. */
    private static final long RUN_MINUTES = 60;

    private final Study study;
    private final Path folder;
    private final PrintStream out;

    /** @param folder where the runs, the table and the plot go; runs that are done there stay */
    public StudyRunner(Study study, Path folder, PrintStream out) {
        this.study = study;
        this.folder = folder;
        this.out = out;
    }

    /** Runs until all is done or something failed; the exit code. */
    public int run() {
        int all = study.runs();
        int number = 0;
        double seconds = 0;
        int timed = 0;
        study.arms().forEach(arm -> arm.seeds().forEach(seed -> requireSame(arm, seed)));
        for (long seed : study.seeds()) {
            for (Study.Arm arm : study.arms()) {
                if (!arm.seeds().contains(seed)) {
                    continue;
                }
                number++;
                Optional<StudyRow> row = StudyRow.read(arm.name(), seed, folder.resolve(arm.run(seed)));
                if (row.isEmpty()) {
                    String left = timed == 0
                            ? ""
                            : String.format(", %.0f min left", (all - number + 1) * seconds / timed / 60);
                    out.printf("%d of %d: %s, seed %d%s%n", number, all, arm.name(), seed, left);
                    long begun = System.nanoTime();
                    int code = one(arm, seed);
                    if (code != 0) {
                        return code;
                    }
                    seconds += (System.nanoTime() - begun) / 1e9;
                    timed++;
                    write();
                }
            }
        }
        write();
        out.println();
        out.print(new StudyTable(study, rows()).markdown());
        out.println("table and plot: " + folder.resolve("study.md") + ", " + folder.resolve("study.svg"));
        return 0;
    }

    /** Runs of other settings than the arm's of now would stand in one table with the new ones. */
    private void requireSame(Study.Arm arm, long seed) {
        Path run = folder.resolve(arm.run(seed));
        Path made = run.resolve("config.conf");
        try {
            if (StudyRow.read(arm.name(), seed, run).isPresent()
                    && !Files.readString(made)
                            .equals(Settings.load(arm.config(), arm.overrides(seed))
                                    .render())) {
                throw new SettingsException("run " + made.getParent() + " was made with other settings than arm "
                        + arm.name() + " has now: remove its folder, or name another with --name");
            }
        } catch (IOException e) {
            throw new SettingsException("cannot read " + made + ": " + e.getMessage(), e);
        }
    }

    private List<StudyRow> rows() {
        List<StudyRow> rows = new ArrayList<>();
        for (Study.Arm arm : study.arms()) {
            for (long seed : arm.seeds()) {
                StudyRow.read(arm.name(), seed, folder.resolve(arm.run(seed))).ifPresent(rows::add);
            }
        }
        return rows;
    }

    private int one(Study.Arm arm, long seed) {
        Path run = folder.resolve(arm.run(seed));
        discard(run);
        List<String> arguments = new ArrayList<>(List.of("run", arm.config()));
        arguments.addAll(arm.overrides(seed));
        arguments.addAll(List.of("--name", arm.run(seed)));
        Path log = folder.resolve(arm.run(seed) + ".log");
        ChildProcess child =
                ChildProcess.start(arm.run(seed), log, List.of("-Dtroupe.runs=" + folder.toAbsolutePath()), arguments);
        Interrupts.handle(() -> child.process().destroy());
        try {
            if (!child.process().waitFor(RUN_MINUTES, TimeUnit.MINUTES)) {
                child.process().destroyForcibly();
                out.printf(
                        "%s, seed %d did not end within %d minutes; its output is in %s%n",
                        arm.name(), seed, RUN_MINUTES, log);
                return 1;
            }
            int code = child.process().exitValue();
            if (Interrupts.interrupted()) {
                return Interrupts.EXIT_CODE;
            }
            if (code != 0) {
                out.printf("%s, seed %d failed with code %d; its output is in %s%n", arm.name(), seed, code, log);
            }
            return code == 0 ? 0 : 1;
        } catch (InterruptedException e) {
            child.process().destroy();
            Thread.currentThread().interrupt();
            return Interrupts.EXIT_CODE;
        }
    }

    /** What an interrupted study left of a run is begun anew: half a run would compare two machines' timing. */
    private static void discard(Path run) {
        if (!Files.isDirectory(run)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(run)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new SettingsException("cannot clear the unfinished run " + run + ": " + e, e);
        }
    }

    private void write() {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("study.md"), new StudyTable(study, rows()).markdown());
            Files.writeString(folder.resolve("study.svg"), new StudyPlot(study, rows()).svg());
        } catch (IOException e) {
            throw new SettingsException("cannot write the study's table into " + folder + ": " + e, e);
        }
    }
}
