package dev.troupe.transport;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Publication;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One publication to one stream of one station, opened again whenever it is cut. Belongs to the send thread alone.
 *
 * <p>down -> up when a subscriber is there; up -> down when it goes or the publication ends. While down the publication
 * is closed and opened again every few seconds, at the place where the station is then.
 */
final class Link {
    private static final Logger LOG = LoggerFactory.getLogger(Link.class);
    private static final long REOPEN_NANOS = TimeUnit.SECONDS.toNanos(3);

    /** Where the station is now. */
    record Target(String channel, int streamId, Runnable wakeReader) {}

    /** What became of an offer. */
    enum Outcome {
        SENT,
        BUSY,
        DOWN
    }

    private final Aeron aeron;
    private final Supplier<Target> target;
    private final String name;
    private @Nullable ExclusivePublication publication;
    private @Nullable Target current;
    private boolean up;
    private int connections;
    private long downSince;
    private long nextOpen;
    private String reason = "no subscriber there";

    /**
     * @param target asked on every opening: a station that left the process is reached by UDP, one that came by IPC
     * @param name receiver and stream, for the log
     */
    Link(Aeron aeron, Supplier<Target> target, String name, long now) {
        this.aeron = aeron;
        this.target = target;
        this.name = name;
        this.downSince = now;
        this.nextOpen = now;
    }

    /** Opens what is not open; true when a subscriber is there. */
    boolean connect(long now) {
        ExclusivePublication open = publication;
        if (open != null && open.isConnected()) {
            if (!up) {
                up = true;
                connections++;
                LOG.debug("{} is connected", name);
            }
            return true;
        }
        if (up) {
            up = false;
            downSince = now;
            nextOpen = open != null && open.isClosed() ? now : now + REOPEN_NANOS;
            reason = "its subscriber is gone";
            LOG.debug("{} is cut", name);
        }
        if (now - nextOpen >= 0) {
            nextOpen = now + REOPEN_NANOS;
            open();
        }
        return false;
    }

    private void open() {
        CloseHelper.quietClose(publication);
        publication = null;
        try {
            Target next = target.get();
            current = next;
            publication = aeron.addExclusivePublication(next.channel(), next.streamId());
        } catch (RuntimeException e) {
            reason = e.toString();
            LOG.debug("{} cannot be opened", name, e);
        }
    }

    /** Offers one message. */
    Outcome offer(DirectBuffer buffer, int length, long now) {
        if (!connect(now)) {
            return Outcome.DOWN;
        }
        ExclusivePublication open = publication;
        Target to = current;
        if (open == null || to == null) {
            return Outcome.DOWN;
        }
        long result = open.offer(buffer, 0, length);
        if (result == Publication.ADMIN_ACTION) {
            result = open.offer(buffer, 0, length);
        }
        if (result >= 0) {
            to.wakeReader().run();
            return Outcome.SENT;
        }
        if (result == Publication.BACK_PRESSURED || result == Publication.ADMIN_ACTION) {
            to.wakeReader().run();
            return Outcome.BUSY;
        }
        if (result == Publication.CLOSED || result == Publication.MAX_POSITION_EXCEEDED) {
            CloseHelper.quietClose(open);
        }
        return Outcome.DOWN;
    }

    /** How often it went from down to up; what was under way on an earlier connection may be lost. */
    int connections() {
        return connections;
    }

    /** Since when it is down. */
    long downSince() {
        return downSince;
    }

    /** Why it is down. */
    String reason() {
        return reason;
    }

    void close() {
        CloseHelper.quietClose(publication);
        publication = null;
        up = false;
    }
}
