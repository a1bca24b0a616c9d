package dev.troupe.rollout;

import dev.troupe.experience.TrajectoryId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/**
 * The rollout's own account of what it finished and what was acknowledged, {@code rollouts/NODE.jsonl} in the run's
 * folder. Each line is handed to the operating system before the call returns, so it survives a kill -9 of this
 * process. Any thread may write.
 */
final class RolloutJournal implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;

    private RolloutJournal(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Opens the journal of a node, continuing one that is there. */
    static RolloutJournal open(Path folder, String node) {
        Path file = folder.resolve(node + ".jsonl");
        try {
            Files.createDirectories(folder);
            return new RolloutJournal(
                    file, FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
        } catch (IOException e) {
            throw new RolloutException("cannot write the journal " + file + ": " + e, e);
        }
    }

    void finished(Completion c) {
        long[] versions = c.versions();
        write(String.format(
                Locale.ROOT,
                "{\"event\":\"finished\",\"id\":\"%s\",\"attempt\":%d,\"tokens\":%d,\"versions\":[%d,%d],"
                        + "\"finish_reason\":\"%s\"}%n",
                c.request().id(),
                c.request().attempt(),
                c.length(),
                versions[0],
                versions[versions.length - 1],
                c.finishReason().name().replace("FINISH_REASON_", "").toLowerCase(Locale.ROOT)));
    }

    void acked(TrajectoryId id, int attempt, long sequence, long epoch, long position) {
        write(String.format(
                Locale.ROOT,
                "{\"event\":\"acked\",\"id\":\"%s\",\"attempt\":%d,\"sequence\":%d,\"epoch\":%d,\"position\":%d}%n",
                id,
                attempt,
                sequence,
                epoch,
                position));
    }

    private synchronized void write(String line) {
        ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write the journal " + file + ": " + e, e);
        }
    }

    @Override
    public synchronized void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close the journal " + file, e);
        }
    }
}
