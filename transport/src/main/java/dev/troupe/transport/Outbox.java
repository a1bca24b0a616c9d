package dev.troupe.transport;

import com.google.protobuf.Message;
import dev.troupe.proto.Envelopes;
import dev.troupe.proto.v1.Address;
import dev.troupe.proto.v1.Envelope;
import dev.troupe.proto.v1.WeightChunk;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Messages from one station to one stream of another. Each is kept until the receiver acknowledges it and sent again
 * when that takes too long, when the connection was cut, or when the receiver has started again. One opening of the
 * receiver delivers it once; a receiver that was killed and has opened again may see what its predecessor had
 * acknowledged a moment before, and must know it by its own log. Bounded in bytes. Any thread may use it.
 */
public final class Outbox implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);
    private static final int ROUND_MESSAGES = 64;
    private static final int ROUND_BYTES = 1 << 20;

    private final Station station;
    private final Address to;
    private final Stream stream;
    private final TransportSettings settings;
    private final SendLoop loop;
    private final Traffic traffic;
    private final AtomicLong sequences;
    private final String name;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Backlog backlog = new Backlog();
    private final Watch watch;
    private final Link link;
    private volatile boolean closed;
    private volatile long ackedAt;
    private volatile @Nullable BulkSource bulk;
    private volatile AckListener ackListener = (sequence, epoch, position) -> {};
    private volatile Consumer<TransportException> failureListener = error -> {};

    Outbox(Station station, Address to, Stream stream, AtomicLong sequences, AeronNode node) {
        this.station = station;
        this.to = to;
        this.stream = stream;
        this.sequences = sequences;
        this.settings = node.settings();
        this.loop = node.sendLoop();
        this.traffic = node.traffic();
        Place place = Place.of(to);
        this.name = "'" + to.getNode() + "' at " + place + " on stream " + stream.label();
        this.watch = new Watch(settings.peerTimeout(), settings.ackTimeout());
        this.ackedAt = System.nanoTime();
        this.link = new Link(loop.aeron(), () -> node.target(place, stream), name, ackedAt);
    }

    void start() {
        loop.add(new Pump());
    }

    /**
     * Sends a message that the receiver has to acknowledge. Waits for room when the outbox is full; on a receive
     * thread, which brings the acknowledgements, it does not wait but fails.
     *
     * @param body the type of message that belongs to this stream
     * @param policyVersion version of the policy it belongs to
     * @return its sequence, for {@link #onAcked}
     * @throws TransportException no room within {@code transport.send_deadline}, message too large, outbox closed
     */
    public long send(Message body, long policyVersion) {
        return enqueue(body, policyVersion, true);
    }

    /**
     * Sends a message once, without acknowledgement (sequence 0).
     *
     * @throws TransportException as {@link #send}
     */
    public void sendUnacked(Message body, long policyVersion) {
        enqueue(body, policyVersion, false);
    }

    private long enqueue(Message body, long policyVersion, boolean acknowledged) {
        Envelope draft = Envelopes.envelope(
                station.address(), station.incarnation(), acknowledged ? Long.MAX_VALUE : 0, policyVersion, body);
        if (draft.getType() != stream.type()) {
            throw new IllegalArgumentException(draft.getType() + " does not belong on stream " + stream.label());
        }
        int size = draft.getSerializedSize();
        if (size > settings.maxMessageBytes()) {
            throw new TransportException("a message of " + size + " bytes to " + name + ": at most "
                    + settings.maxMessageBytes() + " go, an eighth of transport.term_length = " + settings.termLength()
                    + " and no more than 16 MiB");
        }
        lock.lock();
        try {
            awaitRoom(size);
            long sequence = 0;
            if (acknowledged) {
                sequence = sequences.incrementAndGet();
                draft = draft.toBuilder().setSequence(sequence).build();
            }
            backlog.add(draft);
            return sequence;
        } finally {
            lock.unlock();
            loop.wake();
        }
    }

    private void awaitRoom(int size) {
        long left = station.onReceiveThread() ? 0 : settings.sendDeadline().toNanos();
        while (!closed && backlog.bytes() + size > settings.outboxBytes()) {
            if (left <= 0) {
                throw new TransportException("no room for " + size + " bytes in the outbox to " + name + " after "
                        + (station.onReceiveThread() ? "no wait (receive thread)" : settings.sendDeadline()) + ": "
                        + backlog.bytes() + " bytes in " + backlog.unacked() + " messages wait, at most "
                        + settings.outboxBytes() + " (transport.outbox_bytes, transport.send_deadline)");
            }
            try {
                left = changed.awaitNanos(left);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new TransportException("interrupted while waiting for room in the outbox to " + name, e);
            }
        }
        if (closed) {
            throw new TransportException("the outbox to " + name + " is closed");
        }
    }

    /** Who hears of acknowledgements; replaces an earlier one. */
    public void onAcked(AckListener listener) {
        ackListener = listener;
    }

    /**
     * Who hears that the receiver cannot be reached, does not read, or does not acknowledge; replaces an earlier one.
     * Called once an outage, on the send thread, and must return at once. The messages stay, and go when the receiver
     * is back; close the outbox to give them up.
     */
    public void onFailure(Consumer<TransportException> listener) {
        failureListener = listener;
    }

    /** Whom this outbox sends to. */
    public Address to() {
        return to;
    }

    /** Messages that the receiver has not acknowledged yet. */
    public int unacked() {
        return locked(backlog::unacked);
    }

    /** Bytes that wait, for going out or for acknowledgement. */
    public long bytesWaiting() {
        return locked(backlog::bytes);
    }

    private <T> T locked(Supplier<T> read) {
        lock.lock();
        try {
            return read.get();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until nothing is left to send or to be acknowledged.
     *
     * @return false when the deadline passed or the outbox was closed first
     */
    public boolean awaitAcked(Duration deadline) throws InterruptedException {
        long left = deadline.toNanos();
        lock.lock();
        try {
            while (!backlog.isEmpty()) {
                if (left <= 0 || closed) {
                    return false;
                }
                left = changed.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Sends chunks from this source whenever nothing else waits. */
    void bulk(BulkSource source) {
        bulk = source;
        loop.wake();
    }

    /** The receiver holds these. */
    void acked(List<SequenceSet.Range> held, long epoch, long position) {
        List<Long> released;
        lock.lock();
        try {
            released = backlog.acked(held, epoch);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        ackedAt = System.nanoTime();
        loop.wake();
        for (long sequence : released) {
            ackListener.onAcked(sequence, epoch, position);
        }
    }

    /** Gives up: what is not acknowledged is forgotten, waiting senders fail. */
    @Override
    public void close() {
        closed = true;
        lock.lock();
        try {
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        loop.wake();
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public String toString() {
        return "outbox of '" + station.name() + "' to " + name;
    }

    /** The send thread's side. */
    private final class Pump implements Sending {
        private int connections;
        private final long resendNanos = settings.resendAfter().toNanos();
        private long nextScan = ackedAt;
        private long ackSeen = ackedAt;
        private @Nullable Envelope chunk;

        @Override
        public Next pump(long now, Frame frame) {
            if (closed) {
                return Next.DONE;
            }
            boolean up = link.connect(now);
            prepare(now, up);
            Next next = up ? flush(now, frame) : Next.LATER;
            report(now, up);
            return next;
        }

        private void prepare(long now, boolean up) {
            boolean fresh = up && connections != link.connections();
            BulkSource source = bulk;
            lock.lock();
            try {
                if (fresh) {
                    // What was under way on the connection before may be lost.
                    connections = link.connections();
                    watch.connected(now);
                    backlog.queueAll();
                } else if (up && now - nextScan >= 0) {
                    backlog.queueDue(now, resendNanos);
                    nextScan = now + resendNanos / 8;
                }
                watch.waits(!backlog.isEmpty() || chunk != null || (source != null && source.waits()), now);
            } finally {
                lock.unlock();
            }
            if (ackSeen != ackedAt) {
                ackSeen = ackedAt;
                watch.acked(now);
            }
        }

        private Next flush(long now, Frame frame) {
            int bytes = 0;
            for (int i = 0; i < ROUND_MESSAGES && bytes < ROUND_BYTES; i++) {
                Pending pending = locked(backlog::peek);
                Envelope envelope = pending != null ? pending.envelope : nextChunk();
                if (envelope == null) {
                    return Next.LATER;
                }
                int length = frame.write(envelope);
                switch (link.offer(frame.buffer(), length, now)) {
                    case SENT -> sent(pending, length, now);
                    case BUSY -> {
                        watch.full(now);
                        return Next.SOON;
                    }
                    case DOWN -> {
                        return Next.SOON;
                    }
                }
                bytes += length;
            }
            return Next.NOW;
        }

        private @Nullable Envelope nextChunk() {
            BulkSource source = bulk;
            if (chunk == null && source != null) {
                WeightChunk next = source.next();
                if (next != null) {
                    chunk = Envelopes.envelope(station.address(), station.incarnation(), 0, next.getVersion(), next);
                }
            }
            return chunk;
        }

        private void sent(@Nullable Pending pending, int length, long now) {
            traffic.sent(stream, length);
            watch.sent();
            if (pending == null) {
                chunk = null;
                return;
            }
            lock.lock();
            try {
                backlog.sent(pending, now);
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }

        private void report(long now, boolean up) {
            Watch.Outage outage = watch.check(now, link, up, locked(backlog::awaitsAck));
            if (outage == null) {
                return;
            }
            long bytes = bytesWaiting();
            TransportException error = new TransportException("receiver " + name + " " + outage.reason() + ", for "
                    + outage.lasted().toMillis() + " ms: " + bytes + " bytes in " + unacked()
                    + " unacknowledged messages of '" + station.name() + "' wait and are kept");
            LOG.warn("{}", error.getMessage());
            failureListener.accept(error);
        }

        @Override
        public void end() {
            link.close();
        }
    }
}
