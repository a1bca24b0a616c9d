package dev.troupe.transport;

import io.aeron.CommonContext;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import org.agrona.IoUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder of a media driver's buffers: a new one for every start, because a dying driver deletes its folder and must
 * not take its successor's. Folders of processes that were killed are swept on the next start.
 */
final class MediaFolder {
    private static final Logger LOG = LoggerFactory.getLogger(MediaFolder.class);
    private static final String PREFIX = "troupe-aeron-";
    /** Below this /dev/shm (64 MB in many containers) would fill up in the middle of a run. */
    private static final long ROOM_BYTES = 1L << 30;

    private static final long DEAD_AFTER_MS = 10_000;

    private MediaFolder() {}

    /** A path that nobody uses. */
    static Path choose(String configured) {
        Path parent = configured.isEmpty() ? parent() : Path.of(configured);
        try {
            Files.createDirectories(parent);
        } catch (IOException e) {
            throw new TransportException("transport.directory: cannot create " + parent + ": " + e.getMessage(), e);
        }
        sweep(parent);
        long random = ThreadLocalRandom.current().nextLong(Long.MAX_VALUE);
        return parent.resolve(PREFIX + ProcessHandle.current().pid() + "-" + Long.toHexString(random));
    }

    private static Path parent() {
        File shared = new File("/dev/shm");
        if (shared.isDirectory() && shared.canWrite() && shared.getUsableSpace() >= ROOM_BYTES) {
            return shared.toPath();
        }
        return Path.of(System.getProperty("java.io.tmpdir"));
    }

    /** Deletes folders whose process is gone and whose driver shows no heartbeat. */
    private static void sweep(Path parent) {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, PREFIX + "*")) {
            for (Path folder : folders) {
                if (abandoned(folder)) {
                    LOG.info("deleting {}, left behind by a process that was killed", folder);
                    IoUtil.delete(folder.toFile(), true);
                }
            }
        } catch (IOException e) {
            LOG.debug("cannot sweep {}", parent, e);
        }
    }

    private static boolean abandoned(Path folder) {
        String name = folder.getFileName().toString().substring(PREFIX.length());
        int dash = name.indexOf('-');
        try {
            long pid = Long.parseLong(dash < 0 ? name : name.substring(0, dash));
            // The process may live in another namespace that shares this folder: then its heartbeat tells.
            return ProcessHandle.of(pid).isEmpty()
                    && !CommonContext.isDriverActive(folder.toFile(), DEAD_AFTER_MS, text -> {});
        } catch (RuntimeException notOurs) {
            LOG.debug("leaving {} alone", folder, notOurs);
            return false;
        }
    }
}
