package dev.troupe.train.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** Sizes and SHA-256 of a checkpoint's files. */
final class Digests {
    private static final String ADVICE =
            "Remove the folder of that checkpoint: --resume then goes on from the one before it, if there is one";

    private static final int BUFFER = 1 << 20;

    private Digests() {}

    /** Every file below a folder, ordered by path. */
    static List<Manifest.Entry> entries(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(folder)) {
            files = all.filter(Files::isRegularFile).toList();
        }
        List<Manifest.Entry> entries = new ArrayList<>();
        for (Path file : files) {
            String path = folder.relativize(file).toString().replace('\\', '/');
            entries.add(new Manifest.Entry(path, Files.size(file), sha256(file)));
        }
        entries.sort((a, b) -> a.path().compareTo(b.path()));
        return entries;
    }

    /** Compares a file with its entry; the error names the file and both numbers. */
    static void verify(Path folder, Manifest.Entry entry) throws IOException {
        Path file = folder.resolve(entry.path()).normalize();
        if (!file.startsWith(folder)) {
            throw new CheckpointException(folder + ": the manifest names " + entry.path() + ", outside the checkpoint");
        }
        if (!Files.isRegularFile(file)) {
            throw new CheckpointException(file + " is missing; the manifest lists it. " + ADVICE);
        }
        long size = Files.size(file);
        if (size != entry.size()) {
            throw new CheckpointException(
                    file + " has " + size + " bytes, the manifest says " + entry.size() + ". " + ADVICE);
        }
        String sha256 = sha256(file);
        if (!sha256.equals(entry.sha256())) {
            throw new CheckpointException(file + " has SHA-256 " + sha256 + ", the manifest says " + entry.sha256()
                    + ": its bytes changed after it was written. " + ADVICE);
        }
    }

    private static String sha256(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] buffer = new byte[BUFFER];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                digest.update(buffer, 0, n);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
