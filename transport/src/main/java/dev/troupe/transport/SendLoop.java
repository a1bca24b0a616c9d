package dev.troupe.transport;

import io.aeron.Aeron;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The send thread: the only one that touches publications. */
final class SendLoop {
    private static final Logger LOG = LoggerFactory.getLogger(SendLoop.class);
    private static final long SOON_NANOS = 100_000;
    private static final long LATER_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final List<Sending> sendings = new CopyOnWriteArrayList<>();
    private final Nap nap = new Nap(LATER_NANOS, () -> {});
    private final Aeron aeron;
    private final Frame frame;
    private final Thread thread;
    private volatile boolean running = true;

    SendLoop(Aeron aeron, int maxMessageBytes) {
        this.aeron = aeron;
        this.frame = new Frame(maxMessageBytes);
        this.thread = Media.daemon(this::run, "troupe-aeron-send");
    }

    void start() {
        thread.start();
    }

    Aeron aeron() {
        return aeron;
    }

    void add(Sending sending) {
        sendings.add(sending);
        wake();
    }

    void wake() {
        nap.wake();
    }

    private void run() {
        while (running) {
            Sending.Next next = Sending.Next.LATER;
            for (Sending sending : sendings) {
                next = sooner(next, pump(sending));
            }
            if (next == Sending.Next.SOON) {
                nap.nap(SOON_NANOS);
            } else if (next == Sending.Next.LATER) {
                nap.nap(LATER_NANOS);
            }
        }
        // The last acknowledgements: without them their producers would wait for nothing.
        sendings.forEach(this::pump);
        sendings.forEach(Sending::end);
        sendings.clear();
    }

    private Sending.Next pump(Sending sending) {
        try {
            Sending.Next next = sending.pump(System.nanoTime(), frame);
            if (next != Sending.Next.DONE) {
                return next;
            }
        } catch (RuntimeException e) {
            // One outbox must not stop the others; it stays and its peer timeout will report it.
            LOG.error("sending failed", e);
            return Sending.Next.LATER;
        }
        sendings.remove(sending);
        sending.end();
        return Sending.Next.LATER;
    }

    private static Sending.Next sooner(Sending.Next one, Sending.Next other) {
        return one.compareTo(other) <= 0 ? one : other;
    }

    /** Ends the thread; publications are closed by it. Waits at most this long. */
    void stop(long millis) throws InterruptedException {
        running = false;
        wake();
        thread.join(millis);
        if (thread.isAlive()) {
            thread.interrupt();
        }
    }
}
