package dev.troupe.deploy.report;

import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;

/**
 * The folder of a run, {@code runs/NAME}.
 *
 * @param path absolute
 */
public record RunFolder(Path path) {
    private static final Set<PosixFilePermission> WRITE =
            Set.of(PosixFilePermission.OWNER_WRITE, PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

    /** Makes paths absolute: the folder is told to other processes. */
    public RunFolder {
        path = path.toAbsolutePath().normalize();
    }

    /** Where runs are kept: {@code runs} where Troupe was started, unless -Dtroupe.runs names another folder. */
    public static Path runs() {
        return Path.of(System.getProperty("troupe.runs", "runs"));
    }

    /**
     * Makes the folder of a new run and writes its settings into it.
     *
     * @throws SettingsException when it exists already or cannot be written; nothing is left behind then
     */
    public static RunFolder create(Path runs, String name, Settings settings) {
        Path path = runs.toAbsolutePath().resolve(name);
        requireWritable(runs.toAbsolutePath());
        try {
            Files.createDirectories(runs);
            Files.createDirectory(path);
            Files.writeString(path.resolve("config.conf"), settings.render());
        } catch (FileAlreadyExistsException e) {
            throw new SettingsException(
                    "run folder " + path + " exists already: choose another --name, or go on with --resume " + name, e);
        } catch (IOException e) {
            throw new SettingsException("cannot make run folder " + path + ": " + e + "; is " + runs + " writable?", e);
        }
        return new RunFolder(path);
    }

    /**
     * Opens the folder of an earlier run.
     *
     * @throws SettingsException when it is none or cannot be written
     */
    public static RunFolder open(Path path) {
        if (!Files.isRegularFile(path.resolve("config.conf"))) {
            throw new SettingsException(path + " is not a run's folder: it has no config.conf");
        }
        requireWritable(path.toAbsolutePath());
        return new RunFolder(path);
    }

    /** {@code config.conf}. */
    public Path config() {
        return path.resolve("config.conf");
    }

    /** Writes a text file of the folder. */
    public void write(String file, String text) {
        try {
            Files.writeString(path.resolve(file), text);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + path.resolve(file) + ": " + e, e);
        }
    }

    /** {@code metrics.jsonl}. */
    public Path metrics() {
        return path.resolve("metrics.jsonl");
    }

    /** {@code trained.jsonl}. */
    public Path trained() {
        return path.resolve("trained.jsonl");
    }

    /** {@code samples.jsonl}. */
    public Path samples() {
        return path.resolve("samples.jsonl");
    }

    /** {@code summary.json}. */
    public Path summary() {
        return path.resolve("summary.json");
    }

    /** {@code rollouts}, a file a node. */
    public Path rollouts() {
        return path.resolve("rollouts");
    }

    /** {@code checkpoints}. */
    public Path checkpoints() {
        return path.resolve("checkpoints");
    }

    /** The run's name. */
    public String name() {
        return String.valueOf(path.getFileName());
    }

    /** The nearest folder that exists decides; permission bits count even for root, who could write all the same. */
    private static void requireWritable(Path folder) {
        Path there = folder;
        while (!Files.exists(there) && there.getParent() != null) {
            there = there.getParent();
        }
        if (!Files.isDirectory(there) || !Files.isWritable(there) || allWriteBitsOff(there)) {
            throw new SettingsException("run folder " + folder + " cannot be written: " + there
                    + (Files.isDirectory(there) ? " is read-only" : " is not a folder")
                    + "; make it writable or start elsewhere (runs are kept in ./runs)");
        }
    }

    private static boolean allWriteBitsOff(Path folder) {
        PosixFileAttributeView view = Files.getFileAttributeView(folder, PosixFileAttributeView.class);
        try {
            return view != null && view.readAttributes().permissions().stream().noneMatch(WRITE::contains);
        } catch (IOException e) {
            throw new SettingsException("cannot read the permissions of " + folder + ": " + e, e);
        }
    }
}
