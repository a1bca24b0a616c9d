package dev.troupe.transport;

import dev.troupe.proto.TensorSet;
import dev.troupe.proto.WireException;
import dev.troupe.proto.v1.WeightChunk;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiver's side of weights: puts announced versions together from chunks of any order, asks for missing ones,
 * checks the fingerprint. Chunks may come before their announcement, which takes another way. A newer version replaces
 * an older one that is not complete. Any thread may use it; the listener is called on a thread of the sink.
 */
public final class WeightsSink implements Receiver, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(WeightsSink.class);
    private static final int LONGEST_QUIET = 8;
    /** Sets that one receiver follows; more is a mistake of the sender. */
    private static final int MAX_SETS = 64;

    private final WeightsListener listener;
    private final long quietNanos;
    private final long maxBytes;
    private final Map<String, Course> courses = new HashMap<>();
    private final ExecutorService executor =
            Executors.newSingleThreadExecutor(task -> Media.daemon(task, "troupe-weights"));

    private volatile Runnable detach = () -> {};

    /** What is under way for one set. */
    private static final class Course {
        /** Announced and not complete. */
        private @Nullable Assembly expected;
        /** Chunks of a version that is not announced yet. */
        private @Nullable Assembly early;

        private long completed = -1;
        private long progressAt;
        private int asked;
    }

    WeightsSink(TransportSettings settings, WeightsListener listener) {
        this.listener = listener;
        this.quietNanos = settings.weightsQuiet().toNanos();
        this.maxBytes = settings.weightsMaxBytes();
    }

    /**
     * A sink that takes the station's stream of weights.
     *
     * @throws IllegalStateException when that stream has a receiver already
     */
    public static WeightsSink open(Station station, WeightsListener listener) {
        AeronNode node = station.node();
        WeightsSink sink = new WeightsSink(node.settings(), listener);
        station.receive(Stream.WEIGHTS, sink);
        ReceiveLoop.Ticker ticker = sink::tick;
        node.receiveLoop().add(ticker);
        sink.detach = () -> node.receiveLoop().remove(ticker);
        return sink;
    }

    /**
     * Announces a version: its chunks are wanted from now on. An older version than one that is complete or expected is
     * ignored.
     *
     * @throws WireException TOO_LARGE beyond {@code transport.weights.max_bytes}
     */
    public synchronized void expect(WeightsAnnouncement announcement) {
        if (announcement.bytes() > maxBytes) {
            throw new WireException(
                    WireException.Code.TOO_LARGE,
                    "set '" + announcement.set() + "' of " + announcement.bytes()
                            + " bytes, transport.weights.max_bytes = " + maxBytes);
        }
        Course course = course(announcement.set());
        Assembly expected = course.expected;
        if (announcement.version() <= course.completed
                || (expected != null && announcement.version() <= expected.version())) {
            return;
        }
        Assembly next = course.early;
        if (next != null && next.version() <= announcement.version()) {
            course.early = null;
        }
        if (next == null || next.version() != announcement.version() || !next.announce(announcement)) {
            next = new Assembly(announcement.set(), announcement.version(), announcement.chunks(), maxBytes);
            next.announce(announcement);
        }
        course.expected = next;
        course.progressAt = System.nanoTime();
        course.asked = 0;
        finish(course);
    }

    private Course course(String set) {
        Course course = courses.get(set);
        if (course == null) {
            if (courses.size() >= MAX_SETS) {
                throw new WireException(WireException.Code.TOO_LARGE, "more than " + MAX_SETS + " sets, '" + set + "'");
            }
            course = new Course();
            courses.put(set, course);
        }
        return course;
    }

    @Override
    public synchronized void onMessage(Delivery delivery) {
        WeightChunk chunk = (WeightChunk) delivery.body();
        Course course = course(chunk.getSet());
        Assembly expected = course.expected;
        if (expected != null && expected.version() == chunk.getVersion()) {
            if (expected.add(chunk)) {
                course.progressAt = System.nanoTime();
                course.asked = 0;
            }
            finish(course);
            return;
        }
        long newest = expected == null ? course.completed : expected.version();
        Assembly early = course.early;
        if (chunk.getVersion() <= newest || (early != null && chunk.getVersion() < early.version())) {
            return;
        }
        if (early == null || early.version() != chunk.getVersion()) {
            early = new Assembly(chunk.getSet(), chunk.getVersion(), chunk.getCount(), maxBytes);
            course.early = early;
        }
        if (early.add(chunk) && early.hasAll()) {
            // While the publisher still counts the fingerprint to announce.
            Assembly all = early;
            run(() -> {
                if (isWanted(course, all)) {
                    all.countAhead();
                }
            });
        }
    }

    /** No newer version has taken its place. */
    private synchronized boolean isWanted(Course course, Assembly assembly) {
        return course.early == assembly || course.completed == assembly.version();
    }

    private void finish(Course course) {
        Assembly assembly = course.expected;
        if (assembly == null || !assembly.isComplete()) {
            return;
        }
        WeightsAnnouncement announcement = assembly.announcement();
        if (announcement == null) {
            return;
        }
        course.expected = null;
        long before = course.completed;
        course.completed = assembly.version();
        run(() -> conclude(course, assembly, announcement, before));
    }

    /** Off the receive thread: a large set takes seconds. */
    private void conclude(Course course, Assembly assembly, WeightsAnnouncement announcement, long before) {
        TensorSet tensors;
        try {
            tensors = assembly.tensors(announcement);
        } catch (WireException refused) {
            synchronized (this) {
                if (course.completed == announcement.version()) {
                    course.completed = before;
                }
            }
            LOG.warn("refused weights: {}", refused.getMessage());
            listener.onRefused(announcement, refused);
            return;
        }
        listener.onComplete(announcement, tensors);
    }

    /** Asks for what has not come. */
    synchronized void tick(long now) {
        for (Course course : courses.values()) {
            Assembly assembly = course.expected;
            WeightsAnnouncement announcement = assembly == null ? null : assembly.announcement();
            if (assembly == null || announcement == null) {
                continue;
            }
            long quiet = quietNanos * Math.min(1L << Math.min(course.asked, 30), LONGEST_QUIET);
            if (now - course.progressAt >= quiet) {
                course.progressAt = now;
                course.asked++;
                List<ChunkRange> missing = assembly.missing();
                run(() -> listener.onMissing(announcement, missing));
            }
        }
    }

    private void run(Runnable task) {
        try {
            executor.execute(() -> {
                try {
                    task.run();
                } catch (RuntimeException e) {
                    LOG.error("a listener of weights failed", e);
                }
            });
        } catch (RejectedExecutionException closed) {
            LOG.debug("the sink is closed", closed);
        }
    }

    /** Stops calling the listener; the station's stream closes with the station. */
    @Override
    public void close() {
        detach.run();
        executor.shutdownNow();
    }
}
