package dev.troupe.transport;

import dev.troupe.proto.TensorSet;
import dev.troupe.proto.TensorStream;
import dev.troupe.proto.v1.Address;
import dev.troupe.proto.v1.WeightChunk;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The publisher's side of weights: keeps the last few versions of each set and sends their chunks to whoever asks. A
 * chunk is made when there is room for it on the wire, on the send thread; callers never wait. Any thread may use it.
 */
public final class WeightsSource {
    private final Station station;
    private final int chunkBytes;
    private final int kept;
    private final Map<String, NavigableMap<Long, Version>> sets = new HashMap<>();
    private final Map<Place, Requests> requests = new HashMap<>();

    private volatile BiConsumer<Address, TransportException> failureListener = (to, error) -> {};

    private record Version(String set, long number, TensorSet tensors, TensorStream stream) {}

    /** @param station the publisher's place: chunks come from there */
    public WeightsSource(Station station) {
        this.station = station;
        TransportSettings settings = station.node().settings();
        this.chunkBytes = settings.chunkBytes();
        this.kept = settings.weightsKept();
    }

    /**
     * Makes a version available and forgets the oldest beyond {@code transport.weights.kept}. It can be sent at once:
     * chunks may travel while {@link #announcement} still fingerprints the set.
     *
     * @param tensors read until the version is forgotten, so it must not change
     */
    public void publish(String set, long version, TensorSet tensors) {
        Version fresh = new Version(set, version, tensors, tensors.stream(chunkBytes));
        synchronized (this) {
            NavigableMap<Long, Version> versions = sets.computeIfAbsent(set, key -> new TreeMap<>());
            versions.put(version, fresh);
            while (versions.size() > kept) {
                versions.pollFirstEntry();
            }
        }
    }

    /**
     * What receivers of a version have to be told. Fingerprints the set on the caller's thread, if nobody has yet.
     *
     * @throws IllegalArgumentException when the version is not kept
     */
    public WeightsAnnouncement announcement(String set, long version) {
        Version found = find(set, version);
        if (found == null) {
            throw new IllegalArgumentException("version " + version + " of set '" + set + "' is not kept");
        }
        TensorStream stream = found.stream();
        return new WeightsAnnouncement(set, version, found.tensors().fingerprint(), stream.size(), stream.chunks());
    }

    /**
     * Sends all chunks of a version.
     *
     * @return false when the version is not kept any more
     * @throws TransportException when the address cannot be sent to
     */
    public boolean send(Address to, String set, long version) {
        return send(to, set, version, List.of(new ChunkRange(0, Integer.MAX_VALUE)));
    }

    /**
     * Sends these chunks of a version. A newer version of the set takes the place of an older one that still waits for
     * the same receiver.
     *
     * @param ranges may reach beyond the last chunk
     * @return false when the version is not kept any more
     * @throws TransportException when the address cannot be sent to
     */
    public boolean send(Address to, String set, long version, List<ChunkRange> ranges) {
        Outbox outbox = station.outbox(to, Stream.WEIGHTS);
        Requests source;
        synchronized (this) {
            Version found = find(set, version);
            if (found == null) {
                return false;
            }
            source = requests.computeIfAbsent(Place.of(to), key -> new Requests());
            source.add(found, ranges);
        }
        outbox.onFailure(error -> failureListener.accept(to, error));
        outbox.bulk(source);
        return true;
    }

    /** Who hears that a receiver with chunks waiting cannot be reached; as {@link Outbox#onFailure}. */
    public void onFailure(BiConsumer<Address, TransportException> listener) {
        failureListener = listener;
    }

    private synchronized @Nullable Version find(String set, long version) {
        NavigableMap<Long, Version> versions = sets.get(set);
        return versions == null ? null : versions.get(version);
    }

    /** Stops sending to a receiver that has left and closes the way to it. */
    public void forget(Address to) {
        synchronized (this) {
            requests.remove(Place.of(to));
        }
        station.closeOutbox(Place.of(to), Stream.WEIGHTS);
    }

    /** What one receiver still has to get: for each set the chunks of one version. */
    private static final class Requests implements BulkSource {
        private final Map<String, Request> bySet = new LinkedHashMap<>();

        private record Request(Version version, BitSet chunks) {}

        synchronized void add(Version version, List<ChunkRange> ranges) {
            Request waiting = bySet.get(version.set());
            if (waiting != null && waiting.version().number() > version.number()) {
                return;
            }
            Request request = waiting != null && waiting.version() == version
                    ? waiting
                    : new Request(version, new BitSet(version.stream().chunks()));
            for (ChunkRange range : ranges) {
                int last = Math.min(range.last(), version.stream().chunks() - 1);
                if (range.first() <= last) {
                    request.chunks().set(range.first(), last + 1);
                }
            }
            bySet.put(version.set(), request);
        }

        @Override
        public synchronized @Nullable WeightChunk next() {
            while (!bySet.isEmpty()) {
                Request request = bySet.values().iterator().next();
                int index = request.chunks().nextSetBit(0);
                Version version = request.version();
                if (index < 0) {
                    bySet.remove(version.set());
                    continue;
                }
                request.chunks().clear(index);
                return WeightChunk.newBuilder()
                        .setSet(version.set())
                        .setVersion(version.number())
                        .setIndex(index)
                        .setCount(version.stream().chunks())
                        .setData(version.stream().chunk(index))
                        .build();
            }
            return null;
        }

        @Override
        public synchronized boolean waits() {
            return bySet.values().stream().anyMatch(request -> !request.chunks().isEmpty());
        }
    }
}
