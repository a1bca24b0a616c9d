package dev.troupe.transport;

import io.aeron.Aeron;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.agrona.CloseHelper;
import org.agrona.IoUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The media driver and the Aeron client of this process. */
final class Media implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Media.class);
    /** A client pauses longer than Aeron's 10 s when a machine swaps or a debugger holds it; it must survive that. */
    private static final long CLIENT_LIVENESS_SECONDS = 60;

    private final MediaDriver driver;
    private final Aeron client;
    private final Path folder;

    private Media(MediaDriver driver, Aeron client, Path folder) {
        this.driver = driver;
        this.client = client;
        this.folder = folder;
    }

    /** @param nap of the driver's thread */
    static Media start(TransportSettings settings, Nap nap) {
        Path folder = MediaFolder.choose(settings.directory());
        int socketBuffer = grantedSocketBuffer(settings.socketBuffer());
        MediaDriver.Context context = new MediaDriver.Context()
                .aeronDirectoryName(folder.toString())
                .threadingMode(ThreadingMode.SHARED)
                .sharedIdleStrategy(nap)
                .sharedThreadFactory(task -> daemon(task, "troupe-aeron-driver"))
                // Its only work is to look up host names, which loopback has none of, and it polls all the time.
                .asyncExecutorEnabled(false)
                .dirDeleteOnStart(true)
                .dirDeleteOnShutdown(true)
                .warnIfDirectoryExists(false)
                .termBufferSparseFile(true)
                .publicationTermBufferLength(settings.termLength())
                .ipcTermBufferLength(settings.termLength())
                .mtuLength(settings.mtu())
                .ipcMtuLength(settings.mtu())
                .socketRcvbufLength(socketBuffer)
                .socketSndbufLength(socketBuffer)
                .initialWindowLength(Math.min(settings.window(), socketBuffer))
                .clientLivenessTimeoutNs(TimeUnit.SECONDS.toNanos(CLIENT_LIVENESS_SECONDS))
                .publicationUnblockTimeoutNs(TimeUnit.SECONDS.toNanos(CLIENT_LIVENESS_SECONDS + 15))
                .errorHandler(error -> LOG.warn("Aeron media driver", error));
        MediaDriver driver = MediaDriver.launch(context);
        try {
            Aeron client = Aeron.connect(new Aeron.Context()
                    .aeronDirectoryName(folder.toString())
                    .driverTimeoutMs(TimeUnit.SECONDS.toMillis(CLIENT_LIVENESS_SECONDS))
                    .threadFactory(task -> daemon(task, "troupe-aeron-client"))
                    .errorHandler(error -> LOG.warn("Aeron client", error)));
            return new Media(driver, client, folder);
        } catch (RuntimeException e) {
            CloseHelper.quietClose(driver);
            throw e;
        }
    }

    static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** What the operating system grants, so that Aeron does not refuse a window beyond it. */
    private static int grantedSocketBuffer(int wanted) {
        try (DatagramChannel probe = DatagramChannel.open()) {
            probe.setOption(StandardSocketOptions.SO_RCVBUF, wanted);
            probe.setOption(StandardSocketOptions.SO_SNDBUF, wanted);
            int granted = Math.min(
                    probe.getOption(StandardSocketOptions.SO_RCVBUF), probe.getOption(StandardSocketOptions.SO_SNDBUF));
            if (granted < wanted) {
                LOG.info(
                        "socket buffers of {} bytes, {} were asked for (transport.socket_buffer): "
                                + "raise net.core.rmem_max and net.core.wmem_max for speed over a network",
                        granted,
                        wanted);
            }
            return Math.min(granted, wanted);
        } catch (IOException e) {
            LOG.warn("cannot probe socket buffers, going on with {} bytes", wanted, e);
            return wanted;
        }
    }

    Aeron client() {
        return client;
    }

    Path folder() {
        return folder;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(client, driver);
        IoUtil.delete(folder.toFile(), true);
    }
}
