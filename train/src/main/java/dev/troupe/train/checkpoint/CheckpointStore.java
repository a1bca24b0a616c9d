package dev.troupe.train.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A run's checkpoints: folders {@code step-N}, each complete or absent. One is written under a name that begins with a
 * dot, closed by its manifest, and renamed; only the last few are kept. One process writes.
 */
public final class CheckpointStore {
    private static final Pattern NAME = Pattern.compile("step-(\\d+)");

    private final Path folder;
    private final int keep;

    /** What a caller puts into a checkpoint's folder. */
    public interface Content {
        /** Writes files and folders below {@code folder}, anything but {@code manifest.json}. */
        void write(Path folder) throws IOException;
    }

    /**
     * @param folder {@code checkpoints} of a run; made when first written to
     * @param keep how many to keep, at least 1
     */
    public CheckpointStore(Path folder, int keep) {
        if (keep < 1) {
            throw new IllegalArgumentException("checkpoint.keep = " + keep + ": expected at least 1");
        }
        this.folder = folder;
        this.keep = keep;
    }

    /**
     * Writes a checkpoint, or nothing: after an error or a crash the older ones are as they were.
     *
     * @param parents what it grew from, newest first
     * @return its folder
     */
    public Path write(long step, long version, List<String> parents, Content content) {
        Path partial = folder.resolve(".step-" + step + ".partial");
        Path target = folder.resolve("step-" + step);
        try {
            Files.createDirectories(folder);
            delete(partial);
            Files.createDirectory(partial);
            content.write(partial);
            List<Manifest.Entry> files = Digests.entries(partial);
            Manifest manifest = new Manifest(Manifest.FORMAT, step, version, parents, files);
            Files.write(partial.resolve(Manifest.NAME), manifest.toBytes());
            flush(partial);
            replace(target, partial);
            flushFolder(folder);
            prune();
            return target;
        } catch (IOException e) {
            throw new CheckpointException("cannot write checkpoint " + target + ": " + e, e);
        }
    }

    /** The checkpoints that are there, oldest first; folders that were never finished are not among them. */
    public List<Path> list() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(folder)) {
            return children.filter(p -> step(p) >= 0 && Files.isRegularFile(p.resolve(Manifest.NAME)))
                    .sorted(Comparator.comparingLong(CheckpointStore::step))
                    .toList();
        } catch (IOException e) {
            throw new CheckpointException("cannot list checkpoints in " + folder + ": " + e, e);
        }
    }

    /** The newest checkpoint. */
    public Optional<Path> latest() {
        List<Path> all = list();
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(all.size() - 1));
    }

    /** Checks size and SHA-256 of every file and opens the checkpoint. */
    public static Checkpoint open(Path checkpoint) {
        Manifest manifest = Manifest.read(checkpoint);
        try {
            for (Manifest.Entry entry : manifest.files()) {
                Digests.verify(checkpoint, entry);
            }
        } catch (IOException e) {
            throw new CheckpointException("cannot read checkpoint " + checkpoint + ": " + e, e);
        }
        return new Checkpoint(checkpoint, manifest);
    }

    private static long step(Path checkpoint) {
        Matcher m = NAME.matcher(checkpoint.getFileName().toString());
        return m.matches() ? Long.parseLong(m.group(1)) : -1;
    }

    /** A checkpoint of the same step (a run that was resumed writes some again) makes room just before the rename. */
    private void replace(Path target, Path partial) throws IOException {
        Path old = folder.resolve("." + target.getFileName() + ".old");
        delete(old);
        if (Files.exists(target)) {
            Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
        }
        Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
        delete(old);
    }

    private void prune() throws IOException {
        List<Path> all = list();
        for (Path old : all.subList(0, Math.max(0, all.size() - keep))) {
            delete(old);
        }
    }

    private static void delete(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        List<Path> paths = new ArrayList<>();
        try (Stream<Path> all = Files.walk(tree)) {
            all.forEach(paths::add);
        }
        paths.sort(Comparator.reverseOrder());
        for (Path path : paths) {
            Files.delete(path);
        }
    }

    /** Forces every file to the disk: a rename may outlive a crash that the bytes did not. */
    private static void flush(Path tree) throws IOException {
        List<Path> paths;
        try (Stream<Path> all = Files.walk(tree)) {
            paths = all.toList();
        }
        for (Path path : paths) {
            if (Files.isRegularFile(path)) {
                try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                    channel.force(true);
                }
            } else {
                flushFolder(path);
            }
        }
    }

    private static void flushFolder(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
