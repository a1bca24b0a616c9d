package dev.troupe.transport;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Tells when an outbox with something to deliver has gone too long without getting anywhere. Every outage is told once;
 * progress ends it. Belongs to the send thread.
 */
final class Watch {
    private final long peerNanos;
    private final long ackNanos;
    private boolean waiting;
    private long waitingSince;
    private long busySince;
    private boolean busy;
    private long ackSince;
    private boolean told;

    Watch(Duration peerTimeout, Duration ackTimeout) {
        this.peerNanos = peerTimeout.toNanos();
        this.ackNanos = ackTimeout.toNanos();
    }

    /** An outage that has to be told. */
    record Outage(Duration lasted, String reason) {}

    /** Something waits to be delivered, or nothing does. */
    void waits(boolean now, long time) {
        if (now && !waiting) {
            waitingSince = time;
            ackSince = time;
        }
        waiting = now;
        if (!now) {
            told = false;
        }
    }

    /** A message went out. */
    void sent() {
        busy = false;
    }

    /** The publication is full. */
    void full(long time) {
        if (!busy) {
            busy = true;
            busySince = time;
        }
    }

    /** The receiver acknowledged something. */
    void acked(long time) {
        ackSince = time;
        told = false;
    }

    /** The receiver came within reach. */
    void connected(long time) {
        ackSince = time;
        busy = false;
        told = false;
    }

    /**
     * @param awaitsAck something went out and is not acknowledged
     * @return an outage, once
     */
    @Nullable
    Outage check(long time, Link link, boolean up, boolean awaitsAck) {
        if (!waiting || told) {
            return null;
        }
        Outage outage = null;
        if (!up) {
            outage = over(later(link.downSince(), waitingSince), time, peerNanos, "is out of reach, " + link.reason());
        } else if (busy) {
            outage = over(busySince, time, peerNanos, "does not read its stream");
        } else if (awaitsAck) {
            outage = over(ackSince, time, ackNanos, "acknowledges nothing");
        }
        told = outage != null;
        return outage;
    }

    private static @Nullable Outage over(long since, long time, long limit, String reason) {
        return time - since >= limit ? new Outage(Duration.ofNanos(time - since), reason) : null;
    }

    private static long later(long one, long other) {
        return one - other >= 0 ? one : other;
    }
}
