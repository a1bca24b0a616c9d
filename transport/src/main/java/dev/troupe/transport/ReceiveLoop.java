package dev.troupe.transport;

import io.aeron.FragmentAssembler;
import io.aeron.Subscription;
import io.aeron.logbuffer.FragmentHandler;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The receive thread: polls every subscription of every station and runs their timers. */
final class ReceiveLoop {
    private static final Logger LOG = LoggerFactory.getLogger(ReceiveLoop.class);
    private static final int FRAGMENTS = 256;
    private static final long LONGEST_NAP_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final List<Inlet> inlets = new CopyOnWriteArrayList<>();
    private final List<Ticker> tickers = new CopyOnWriteArrayList<>();
    private final Nap nap = new Nap(LONGEST_NAP_NANOS, () -> {});
    private final Thread thread = Media.daemon(this::run, "troupe-aeron-receive");
    private volatile boolean running = true;

    /** Something that has deadlines; called every few hundredths of a second and must return at once. */
    interface Ticker {
        void tick(long now);
    }

    /** One subscription. */
    record Inlet(Subscription subscription, FragmentAssembler assembler) {
        Inlet(Subscription subscription, FragmentHandler handler) {
            this(subscription, new FragmentAssembler(handler));
        }
    }

    void start() {
        thread.start();
    }

    void add(Inlet inlet) {
        inlets.add(inlet);
        wake();
    }

    void remove(Inlet inlet) {
        inlets.remove(inlet);
        inlet.subscription().close();
    }

    void add(Ticker ticker) {
        tickers.add(ticker);
    }

    void remove(Ticker ticker) {
        tickers.remove(ticker);
    }

    void wake() {
        nap.wake();
    }

    boolean isCurrentThread() {
        return Thread.currentThread() == thread;
    }

    private void run() {
        long nextTick = System.nanoTime();
        while (running) {
            int fragments = 0;
            for (Inlet inlet : inlets) {
                fragments += poll(inlet);
            }
            long now = System.nanoTime();
            if (now - nextTick >= 0) {
                nextTick = now + TICK_NANOS;
                tickers.forEach(ticker -> tick(ticker, now));
            }
            nap.idle(fragments);
        }
    }

    private static int poll(Inlet inlet) {
        try {
            return inlet.subscription().isClosed() ? 0 : inlet.subscription().poll(inlet.assembler(), FRAGMENTS);
        } catch (RuntimeException e) {
            // One station must not stop the others.
            LOG.error("receiving failed on {}", inlet.subscription().channel(), e);
            return 0;
        }
    }

    private static void tick(Ticker ticker, long now) {
        try {
            ticker.tick(now);
        } catch (RuntimeException e) {
            LOG.error("a timer failed", e);
        }
    }

    /** Ends the thread; waits at most this long. */
    void stop(long millis) throws InterruptedException {
        running = false;
        wake();
        if (!isCurrentThread()) {
            thread.join(millis);
        }
    }
}
