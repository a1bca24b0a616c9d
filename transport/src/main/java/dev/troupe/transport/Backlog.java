package dev.troupe.transport;

import dev.troupe.proto.v1.Envelope;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The messages of an outbox: queued ones go next, acknowledged ones leave, the others stay to be queued again. Not
 * thread-safe.
 */
final class Backlog {
    private final NavigableMap<Long, Pending> unacked = new TreeMap<>();
    private final Deque<Pending> queue = new ArrayDeque<>();
    private long bytes;
    private boolean epochKnown;
    private long epoch;

    /** Adds a message at the end. */
    void add(Envelope envelope) {
        Pending pending = new Pending(envelope);
        queue.add(pending);
        bytes += pending.size;
        if (pending.sequence() != 0) {
            unacked.put(pending.sequence(), pending);
        }
    }

    /** The next message to go, left in its place; acknowledged ones are skipped. */
    @Nullable
    Pending peek() {
        Pending next = queue.peek();
        while (next != null && next.sequence() != 0 && !unacked.containsKey(next.sequence())) {
            queue.remove();
            next = queue.peek();
        }
        return next;
    }

    /** The message that peek gave has gone out. */
    void sent(Pending pending, long now) {
        queue.remove(pending);
        pending.queued = false;
        pending.offers++;
        pending.offeredAt = now;
        if (pending.sequence() == 0) {
            bytes -= pending.size;
        }
    }

    /** Queues what has waited long enough for its acknowledgement. */
    void queueDue(long now, long resendNanos) {
        for (Pending pending : unacked.values()) {
            if (pending.isDue(now, resendNanos)) {
                requeue(pending);
            }
        }
    }

    /** Queues everything that went out and is not acknowledged. */
    void queueAll() {
        for (Pending pending : unacked.values()) {
            if (!pending.queued) {
                requeue(pending);
            }
        }
    }

    private void requeue(Pending pending) {
        pending.queued = true;
        queue.add(pending);
    }

    /**
     * Takes out what the receiver holds. A new epoch means that the receiver started again and may have lost what it
     * had not acknowledged: all that is left is queued.
     *
     * @return the sequences that were waiting until now
     */
    List<Long> acked(List<SequenceSet.Range> held, long newEpoch) {
        List<Long> released = new ArrayList<>();
        for (SequenceSet.Range range : held) {
            NavigableMap<Long, Pending> covered = unacked.subMap(range.first(), true, range.last(), true);
            covered.values().forEach(pending -> bytes -= pending.size);
            released.addAll(covered.keySet());
            covered.clear();
        }
        if (epochKnown && epoch != newEpoch) {
            queueAll();
        }
        epochKnown = true;
        epoch = newEpoch;
        return released;
    }

    /** Bytes that wait, for going out or for acknowledgement. */
    long bytes() {
        return bytes;
    }

    /** Messages that wait for acknowledgement. */
    int unacked() {
        return unacked.size();
    }

    boolean isEmpty() {
        return unacked.isEmpty() && queue.isEmpty();
    }

    /** Has something gone out that is not acknowledged? */
    boolean awaitsAck() {
        return !unacked.isEmpty() && unacked.firstEntry().getValue().offers > 0;
    }
}
