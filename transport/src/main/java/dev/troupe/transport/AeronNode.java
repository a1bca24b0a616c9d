package dev.troupe.transport;

import dev.troupe.proto.v1.Address;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The transport of a process: an embedded media driver in a folder of its own, one Aeron client, one send thread and
 * one receive thread, all of them daemons. One a process; close it to delete the folder.
 */
public final class AeronNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(AeronNode.class);
    private static final int ACK_TERM_LENGTH = 256 * 1024;
    private static final int IPC_STREAMS = 16;
    private static final int PORT_TRIES = 16;
    private static final long STOP_MS = 2000;

    private final TransportSettings settings;
    private final Traffic traffic = new Traffic();
    private final ReceiveLoop receiveLoop = new ReceiveLoop();
    private final Nap driverNap;
    private final Media media;
    private final SendLoop sendLoop;
    private final Map<Place, Station> open = new ConcurrentHashMap<>();
    /** Numbers stay when a station closes: who sends to it finds it again when it opens under the same name or port. */
    private final Map<String, Integer> numbers = new HashMap<>();

    private boolean closed;

    private AeronNode(TransportSettings settings) {
        this.settings = settings;
        // Whatever the driver did may have brought a message.
        this.driverNap = new Nap(settings.idlePark().toNanos(), receiveLoop::wake);
        this.media = Media.start(settings, driverNap);
        this.sendLoop = new SendLoop(media.client(), settings.maxMessageBytes());
    }

    /**
     * Starts the transport.
     *
     * @throws TransportException when the folder of {@code transport.directory} cannot be made
     */
    public static AeronNode start(TransportSettings settings) {
        AeronNode node = new AeronNode(settings);
        node.receiveLoop.start();
        node.sendLoop.start();
        return node;
    }

    /**
     * Opens a place for one actor.
     *
     * @param name unique in a run; a station of this name must not be open in this process
     * @param udp where other processes reach it, port 0 for any free one; null when only this process shall
     * @throws TransportException when the address is not loopback, or the port or the name is in use
     */
    public synchronized Station open(String name, @Nullable InetSocketAddress udp) {
        if (closed) {
            throw new TransportException("the transport is closed: cannot open station '" + name + "'");
        }
        if (open.values().stream().anyMatch(station -> station.name().equals(name))) {
            throw new TransportException("a station '" + name + "' is open in this process");
        }
        if (udp == null) {
            int number = numbers.computeIfAbsent(name, key -> numbers.size() + 1);
            return open(new Place("", number), name, number);
        }
        String host = Place.loopback(udp);
        if (udp.getPort() != 0) {
            return openUdp(new Place(host, udp.getPort()), name);
        }
        TransportException last = null;
        for (int i = 0; i < PORT_TRIES; i++) {
            try {
                return openUdp(new Place(host, freePort(host)), name);
            } catch (TransportException taken) {
                last = taken;
            }
        }
        throw new TransportException("no free UDP port on " + host + " for '" + name + "'", last);
    }

    private Station openUdp(Place place, String name) {
        if (open.containsKey(place)) {
            throw new TransportException("UDP " + place + " is in use by station '"
                    + open.get(place).name() + "' of this process: choose another port for '" + name + "'");
        }
        return open(place, name, numbers.computeIfAbsent(place.toString(), key -> numbers.size() + 1));
    }

    private Station open(Place place, String name, int number) {
        Address address = Address.newBuilder()
                .setNode(name)
                .setHost(place.host())
                .setPort(place.port())
                .build();
        // Later starts have larger incarnations; the random part tells two of the same millisecond apart.
        long incarnation =
                (System.currentTimeMillis() << 20) | ThreadLocalRandom.current().nextInt(1 << 20);
        Station station = new Station(this, address, number, incarnation);
        station.open();
        open.put(place, station);
        return station;
    }

    private static int freePort(String host) {
        try (DatagramSocket probe = new DatagramSocket(0, InetAddress.getByName(host))) {
            return probe.getLocalPort();
        } catch (IOException e) {
            throw new TransportException("cannot bind a UDP port on " + host + ": " + e.getMessage(), e);
        }
    }

    void closed(Station station) {
        open.values().remove(station);
    }

    /** Where a stream of a place is now: by IPC when its station is in this process. */
    Link.Target target(Place place, Stream stream) {
        String terms = "term-length="
                + (stream == Stream.ACKS ? Math.min(ACK_TERM_LENGTH, settings.termLength()) : settings.termLength());
        Station local = open.get(place);
        if (local == null && place.hasUdp()) {
            return new Link.Target(place.udpChannel() + "|" + terms, stream.id(), driverNap::wake);
        }
        int number = local != null ? local.number() : place.port();
        return new Link.Target("aeron:ipc?" + terms, ipcStream(number, stream), receiveLoop::wake);
    }

    static int ipcStream(int number, Stream stream) {
        return number * IPC_STREAMS + stream.id();
    }

    /** Refuses a way on which nothing could arrive, or from which no acknowledgement could come back. */
    synchronized void requireReachable(Address to, Place place, Address from) {
        if (!place.hasUdp()) {
            Integer number = numbers.get(to.getNode());
            if (number == null || number != place.port()) {
                throw new TransportException("station '" + to.getNode()
                        + "' has no UDP port and is not of this process: open it with a UDP address");
            }
        } else if (!open.containsKey(place) && from.getHost().isEmpty()) {
            throw new TransportException("station '" + from.getNode() + "' has no UDP port, so '" + to.getNode()
                    + "' at " + place + " could not answer it: open it with a UDP address");
        }
    }

    /** Bytes of messages sent and received since the start, frames included, by {@link Stream#label}. */
    public Map<String, Long> bytesByStream() {
        Map<String, Long> sum = new LinkedHashMap<>(traffic.sentByStream());
        traffic.receivedByStream().forEach((label, bytes) -> sum.merge(label, bytes, Long::sum));
        return sum;
    }

    /** Bytes of messages sent since the start, by {@link Stream#label}. */
    public Map<String, Long> bytesSentByStream() {
        return traffic.sentByStream();
    }

    /** Bytes of messages received since the start, by {@link Stream#label}. */
    public Map<String, Long> bytesReceivedByStream() {
        return traffic.receivedByStream();
    }

    TransportSettings settings() {
        return settings;
    }

    Traffic traffic() {
        return traffic;
    }

    SendLoop sendLoop() {
        return sendLoop;
    }

    ReceiveLoop receiveLoop() {
        return receiveLoop;
    }

    /** Closes all stations, ends the threads and deletes the folder; within a few seconds even when a thread hangs. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        List.copyOf(open.values()).forEach(Station::close);
        try {
            sendLoop.stop(STOP_MS);
            receiveLoop.stop(STOP_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Thread closing = Media.daemon(media::close, "troupe-aeron-close");
        closing.start();
        try {
            closing.join(TimeUnit.SECONDS.toMillis(5));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (closing.isAlive()) {
            LOG.warn("the media driver does not close; its folder {} may stay", media.folder());
        }
    }
}
