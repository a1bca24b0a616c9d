package dev.troupe.deploy.run;

import dev.troupe.deploy.settings.SettingsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Held by the learner that writes into a run's folder; the operating system lets go of it when the process dies. */
final class RunLock implements AutoCloseable {
    private static final String FILE = "learner.lock";

    private final FileChannel channel;

    private RunLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes the lock.
     *
     * @throws SettingsException when a learner holds it
     */
    static RunLock of(Path folder) {
        Path file = folder.resolve(FILE);
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (lock(channel) == null) {
                channel.close();
                throw new SettingsException("run " + folder.getFileName() + " is under way: another learner holds "
                        + file + "; wait for its end, or start a run of its own with another --name");
            }
            return new RunLock(channel);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot lock " + file + ": " + e, e);
        }
    }

    /**
     * Looks whether the lock could be taken, and makes no file.
     *
     * @throws SettingsException when a learner holds it
     */
    static void requireFree(Path folder) {
        if (Files.exists(folder.resolve(FILE))) {
            of(folder).close();
        }
    }

    private static @Nullable FileLock lock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot let go of the run's folder: " + e, e);
        }
    }
}
