package dev.troupe.train.checkpoint;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The list of what a checkpoint holds, {@code manifest.json}.
 *
 * @param format of the checkpoint, 1
 * @param step steps trained
 * @param version policy version of the weights
 * @param parents checkpoints that this one grew from, newest first, as {@code RUN/step-N}
 * @param files every other file, ordered by path
 */
public record Manifest(int format, long step, long version, List<String> parents, List<Entry> files) {
    /** The file's name in a checkpoint. */
    public static final String NAME = "manifest.json";

    static final int FORMAT = 1;

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    /**
     * One file.
     *
     * @param path from the checkpoint's folder, with slashes
     * @param size in bytes
     * @param sha256 lower-case hex
     */
    public record Entry(String path, long size, String sha256) {}

    public Manifest {
        parents = List.copyOf(parents);
        files = List.copyOf(files);
    }

    byte[] toBytes() throws IOException {
        return JSON.writeValueAsBytes(this);
    }

    static Manifest read(Path folder) {
        Path file = folder.resolve(NAME);
        if (!Files.isRegularFile(file)) {
            throw new CheckpointException(folder + " is no checkpoint: it has no " + NAME
                    + " (a folder without one was never finished); choose another step");
        }
        try {
            Manifest manifest = JSON.readValue(file.toFile(), Manifest.class);
            if (manifest.format != FORMAT) {
                throw new CheckpointException(
                        file + " has format " + manifest.format + "; this version reads " + FORMAT);
            }
            return manifest;
        } catch (IOException | NullPointerException e) {
            throw new CheckpointException(file + " cannot be read: " + e.getMessage(), e);
        }
    }
}
