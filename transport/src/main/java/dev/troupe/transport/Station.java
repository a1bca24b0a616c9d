package dev.troupe.transport;

import dev.troupe.proto.v1.Ack;
import dev.troupe.proto.v1.Address;
import io.aeron.Subscription;
import io.aeron.exceptions.AeronException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An addressable place for one actor. Its streams are reached by IPC from within the process and, when it has a UDP
 * port, by UDP from others; who sends to it need not know which. Any thread may use it.
 */
public final class Station implements AutoCloseable {
    private final AeronNode node;
    private final Address address;
    private final int number;
    private final long incarnation;
    private final Inbox inbox;
    private final Map<Stream, List<ReceiveLoop.Inlet>> inlets = new EnumMap<>(Stream.class);
    private final Map<Way, Outbox> outboxes = new ConcurrentHashMap<>();
    private final Map<Way, AtomicLong> sequences = new ConcurrentHashMap<>();
    private final Map<Place, Acknowledger> acknowledgers = new ConcurrentHashMap<>();
    private boolean closed;

    private record Way(Place to, Stream stream) {}

    Station(AeronNode node, Address address, int number, long incarnation) {
        this.node = node;
        this.address = address;
        this.number = number;
        this.incarnation = incarnation;
        this.inbox = new Inbox(this, node.traffic());
    }

    /** Opens the stream of acknowledgements. */
    void open() {
        receive(Stream.ACKS, this::onAck);
    }

    /** Where others send to. Without a UDP port the host is empty and the port is its number in this process. */
    public Address address() {
        return address;
    }

    /** Its name, unique in a run. */
    public String name() {
        return address.getNode();
    }

    /** Differs for every opening of a station; sequences begin again with it. */
    public long incarnation() {
        return incarnation;
    }

    /**
     * Takes the messages of a stream. A stream has one receiver; until it has one, senders wait.
     *
     * @throws IllegalStateException when the stream has a receiver already
     * @throws TransportException when the UDP port is in use, or the station is closed
     */
    public synchronized void receive(Stream stream, Receiver receiver) {
        requireOpen();
        if (inlets.containsKey(stream)) {
            throw new IllegalStateException("'" + name() + "' has a receiver on stream " + stream.label());
        }
        List<ReceiveLoop.Inlet> opened = new ArrayList<>();
        try {
            if (!address.getHost().isEmpty()) {
                opened.add(inlet(Place.of(address).udpChannel(), stream.id(), stream, receiver));
            }
            opened.add(inlet("aeron:ipc", AeronNode.ipcStream(number, stream), stream, receiver));
        } catch (AeronException e) {
            opened.forEach(inlet -> inlet.subscription().close());
            throw new TransportException(
                    "cannot listen on UDP " + Place.of(address) + " for '" + name() + "': is the port in use? "
                            + e.getMessage(),
                    e);
        }
        opened.forEach(node.receiveLoop()::add);
        inlets.put(stream, opened);
    }

    private ReceiveLoop.Inlet inlet(String channel, int id, Stream stream, Receiver receiver) {
        Subscription subscription = node.sendLoop().aeron().addSubscription(channel, id);
        return new ReceiveLoop.Inlet(
                subscription,
                (buffer, offset, length, header) -> inbox.onFrame(stream, receiver, buffer, offset, length));
    }

    /**
     * The way to one stream of another station; the same outbox for the same way until it is closed.
     *
     * @throws TransportException when the address is not loopback, or cannot be reached or answered from here
     */
    public synchronized Outbox outbox(Address to, Stream stream) {
        requireOpen();
        Place place = Place.of(to);
        node.requireReachable(to, place, address);
        Way way = new Way(place, stream);
        Outbox open = outboxes.get(way);
        if (open == null || open.isClosed()) {
            open = new Outbox(this, to, stream, sequences.computeIfAbsent(way, key -> new AtomicLong()), node);
            outboxes.put(way, open);
            open.start();
        }
        return open;
    }

    /** Gives up a way when there is one. */
    void closeOutbox(Place to, Stream stream) {
        Outbox outbox = outboxes.remove(new Way(to, stream));
        if (outbox != null) {
            outbox.close();
        }
    }

    private void onAck(Delivery delivery) {
        Ack ack = (Ack) delivery.body();
        if (ack.getIncarnation() != incarnation) {
            return;
        }
        Place from = Place.of(delivery.envelope().getProducer());
        Arrays.stream(Stream.values())
                .filter(stream -> stream.id() == ack.getStream())
                .map(stream -> outboxes.get(new Way(from, stream)))
                .filter(outbox -> outbox != null)
                .forEach(outbox -> outbox.acked(
                        ack.getHeldList().stream()
                                .map(range -> new SequenceSet.Range(range.getFirst(), range.getLast()))
                                .toList(),
                        ack.getEpoch(),
                        ack.getPosition()));
    }

    void acknowledge(Place producer, long of, Stream stream, long sequence, long epoch, long position) {
        boolean added = false;
        while (!added) {
            Acknowledger acknowledger;
            synchronized (this) {
                if (closed) {
                    return;
                }
                acknowledger = acknowledgers.get(producer);
                if (acknowledger == null) {
                    acknowledger = new Acknowledger(this, producer, node);
                    acknowledgers.put(producer, acknowledger);
                    node.sendLoop().add(acknowledger);
                }
            }
            added = acknowledger.add(of, stream, sequence, epoch, position);
            if (!added) {
                forget(acknowledger);
            }
        }
    }

    void forget(Acknowledger acknowledger) {
        acknowledgers.values().remove(acknowledger);
    }

    boolean onReceiveThread() {
        return node.receiveLoop().isCurrentThread();
    }

    AeronNode node() {
        return node;
    }

    int number() {
        return number;
    }

    /** Messages refused because they were not sound. */
    public long refused() {
        return inbox.refused();
    }

    /** Messages that came more than once and were delivered once. */
    public long duplicates() {
        return inbox.duplicates();
    }

    private void requireOpen() {
        if (closed) {
            throw new TransportException("station '" + name() + "' is closed");
        }
    }

    /** Closes its streams and outboxes; what is not acknowledged is given up. */
    @Override
    public void close() {
        List<ReceiveLoop.Inlet> open = new ArrayList<>();
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            inlets.values().forEach(open::addAll);
            inlets.clear();
        }
        open.forEach(node.receiveLoop()::remove);
        outboxes.values().forEach(Outbox::close);
        acknowledgers.values().forEach(Acknowledger::retire);
        node.closed(this);
    }
}
