package dev.troupe.transport;

import dev.troupe.proto.Envelopes;
import dev.troupe.proto.v1.Ack;
import dev.troupe.proto.v1.Envelope;
import dev.troupe.proto.v1.SequenceRange;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Acknowledgements from one station to one producer, gathered into ranges until the send thread takes them. One that is
 * lost does no harm: the producer sends again and is answered again.
 */
final class Acknowledger implements Sending {
    /** Keeps a frame within the smallest message that a term buffer allows. */
    private static final int RANGES = 200;

    private final Station station;
    private final Link link;
    private final Traffic traffic;
    private final Runnable wake;
    private final long forgetNanos;
    private final Map<Key, Held> held = new HashMap<>();
    private boolean retired;
    private @Nullable Envelope next;

    private record Key(long incarnation, Stream stream, long epoch) {}

    private static final class Held {
        private final SequenceSet sequences = new SequenceSet();
        private long position;
    }

    Acknowledger(Station station, Place producer, AeronNode node) {
        this.station = station;
        this.traffic = node.traffic();
        this.wake = node.sendLoop()::wake;
        this.forgetNanos = node.settings().peerTimeout().toNanos();
        this.link = new Link(
                node.sendLoop().aeron(),
                () -> node.target(producer, Stream.ACKS),
                producer + " on stream " + Stream.ACKS.label(),
                System.nanoTime());
    }

    /** Adds one; false when this acknowledger is retired and a new one is needed. */
    synchronized boolean add(long incarnation, Stream stream, long sequence, long epoch, long position) {
        if (retired) {
            return false;
        }
        Held of = held.computeIfAbsent(new Key(incarnation, stream, epoch), key -> new Held());
        of.sequences.add(sequence);
        of.position = Math.max(of.position, position);
        wake.run();
        return true;
    }

    /** Takes no more; what it has still goes out when the producer is within reach. */
    synchronized void retire() {
        retired = true;
        wake.run();
    }

    @Override
    public Next pump(long now, Frame frame) {
        if (!link.connect(now)) {
            if (now - link.downSince() > forgetNanos) {
                // The producer is gone; should it come back it sends again and a new acknowledger answers.
                retire();
            }
            return isRetired() ? Next.DONE : Next.LATER;
        }
        while (true) {
            if (next == null) {
                next = take();
            }
            if (next == null) {
                return isRetired() ? Next.DONE : Next.LATER;
            }
            int length = frame.write(next);
            if (link.offer(frame.buffer(), length, now) != Link.Outcome.SENT) {
                return Next.SOON;
            }
            traffic.sent(Stream.ACKS, length);
            next = null;
        }
    }

    private synchronized boolean isRetired() {
        return retired;
    }

    private synchronized @Nullable Envelope take() {
        Iterator<Map.Entry<Key, Held>> entries = held.entrySet().iterator();
        if (!entries.hasNext()) {
            return null;
        }
        Map.Entry<Key, Held> entry = entries.next();
        Key key = entry.getKey();
        Ack.Builder ack = Ack.newBuilder()
                .setIncarnation(key.incarnation())
                .setStream(key.stream().id())
                .setEpoch(key.epoch())
                .setPosition(entry.getValue().position);
        for (SequenceSet.Range range : entry.getValue().sequences.drain(RANGES)) {
            ack.addHeld(SequenceRange.newBuilder().setFirst(range.first()).setLast(range.last()));
        }
        if (entry.getValue().sequences.isEmpty()) {
            entries.remove();
        }
        return Envelopes.envelope(station.address(), station.incarnation(), 0, 0, ack.build());
    }

    @Override
    public void end() {
        link.close();
        station.forget(this);
    }
}
