package dev.troupe.transport;

import com.google.protobuf.Message;
import dev.troupe.proto.Envelopes;
import dev.troupe.proto.WireException;
import dev.troupe.proto.v1.Envelope;
import java.util.LinkedHashMap;
import java.util.Map;
import org.agrona.DirectBuffer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What comes into a station: checked, told apart from what came before, and handed on. */
final class Inbox {
    private static final Logger LOG = LoggerFactory.getLogger(Inbox.class);
    /** Starts of producers remembered; the longest silent one is forgotten first. */
    private static final int PRODUCERS = 4096;

    private final Station station;
    private final Traffic traffic;
    private final Map<Source, Seen> seen = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Source, Seen> eldest) {
            return size() > PRODUCERS;
        }
    };
    private long refused;
    private long duplicates;

    private record Source(String node, long incarnation, Stream stream) {}

    /** Sequences of one source; acked is a part of delivered. */
    private static final class Seen {
        private final SequenceSet delivered = new SequenceSet();
        private final SequenceSet acked = new SequenceSet();
        private long epoch;
        private long position;
    }

    private enum Verdict {
        NEW,
        HELD,
        ACKED
    }

    Inbox(Station station, Traffic traffic) {
        this.station = station;
        this.traffic = traffic;
    }

    /** One frame from the wire; nothing that a peer sends makes this throw. */
    void onFrame(Stream stream, Receiver receiver, DirectBuffer buffer, int offset, int length) {
        traffic.received(stream, length);
        byte[] bytes = new byte[length];
        buffer.getBytes(offset, bytes);
        Envelope envelope;
        Place producer;
        try {
            envelope = Envelopes.decode(bytes);
            if (envelope.getType() != stream.type()) {
                throw new WireException(
                        WireException.Code.TYPE, envelope.getType() + " does not belong on this stream");
            }
            producer = Place.of(envelope.getProducer());
        } catch (WireException | TransportException e) {
            refuse(stream, length, e);
            return;
        }
        Source source = new Source(envelope.getProducer().getNode(), envelope.getIncarnation(), stream);
        switch (judge(source, envelope.getSequence())) {
            case NEW -> deliver(stream, receiver, envelope, source, producer);
            case ACKED -> ackAgain(source, envelope.getSequence(), producer);
            case HELD -> LOG.trace("{} comes again and is still held", source);
        }
    }

    private synchronized Verdict judge(Source source, long sequence) {
        if (sequence == 0) {
            return Verdict.NEW;
        }
        Seen of = seen.computeIfAbsent(source, key -> new Seen());
        if (of.delivered.add(sequence)) {
            return Verdict.NEW;
        }
        duplicates++;
        return of.acked.contains(sequence) ? Verdict.ACKED : Verdict.HELD;
    }

    private void deliver(Stream stream, Receiver receiver, Envelope envelope, Source source, Place producer) {
        long sequence = envelope.getSequence();
        try {
            Message body = Envelopes.body(envelope);
            receiver.onMessage(new Delivery(
                    stream, envelope, body, (epoch, position) -> ack(source, sequence, producer, epoch, position)));
        } catch (WireException e) {
            forget(source, sequence);
            refuse(stream, envelope.getSerializedSize(), e);
        } catch (RuntimeException e) {
            forget(source, sequence);
            LOG.error("'{}' failed on a message of {}; it will come again", station.name(), source, e);
        }
    }

    private synchronized void forget(Source source, long sequence) {
        Seen of = seen.get(source);
        if (of != null) {
            of.delivered.remove(sequence);
        }
    }

    private void ack(Source source, long sequence, Place producer, long epoch, long position) {
        if (sequence == 0) {
            return;
        }
        synchronized (this) {
            Seen of = seen.computeIfAbsent(source, key -> new Seen());
            of.acked.add(sequence);
            of.epoch = epoch;
            of.position = Math.max(of.position, position);
        }
        station.acknowledge(producer, source.incarnation(), source.stream(), sequence, epoch, position);
    }

    private void ackAgain(Source source, long sequence, Place producer) {
        long epoch;
        long position;
        synchronized (this) {
            Seen of = seen.computeIfAbsent(source, key -> new Seen());
            epoch = of.epoch;
            position = of.position;
        }
        station.acknowledge(producer, source.incarnation(), source.stream(), sequence, epoch, position);
    }

    private void refuse(Stream stream, int length, RuntimeException reason) {
        synchronized (this) {
            refused++;
        }
        LOG.warn("'{}' refuses {} bytes on stream {}: {}", station.name(), length, stream.label(), reason.getMessage());
    }

    /** Messages that were not sound. */
    synchronized long refused() {
        return refused;
    }

    /** Messages that came again. */
    synchronized long duplicates() {
        return duplicates;
    }
}
