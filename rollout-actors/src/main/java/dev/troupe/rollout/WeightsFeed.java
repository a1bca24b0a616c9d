package dev.troupe.rollout;

import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.WeightsCommand;
import dev.troupe.cluster.protocol.WeightsEvent.VersionAnnounced;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.WireException;
import dev.troupe.transport.ChunkRange;
import dev.troupe.transport.Station;
import dev.troupe.transport.WeightsAnnouncement;
import dev.troupe.transport.WeightsListener;
import dev.troupe.transport.WeightsSink;
import java.util.List;

/** The rollout's end of one publisher of weights. Another publisher gets another feed: its versions may begin lower. */
final class WeightsFeed implements WeightsListener, AutoCloseable {
    /** Longest list of missing pieces in one message, which must stay small; the rest is asked for the next time. */
    private static final int MOST_RANGES = 256;

    /** Hears of weights; called on a thread of the transport. */
    interface Listener {
        void onWeights(long version, String fingerprint, TensorSet tensors);

        void onMissing(WeightsCommand.ChunksMissing missing);

        /** What arrived is not what was announced: subscribe again. */
        void onRefused(String reason);
    }

    private final Station station;
    private final WeightsSink sink;
    private final Listener listener;

    /** @param station for this feed alone; closed with it */
    WeightsFeed(Station station, Listener listener) {
        this.station = station;
        this.listener = listener;
        this.sink = WeightsSink.open(station, this);
    }

    AeronAddress address() {
        return AeronAddress.of(station.address());
    }

    void announced(VersionAnnounced a) {
        sink.expect(new WeightsAnnouncement(a.set(), a.version(), a.fingerprint(), a.bytes(), a.chunks()));
    }

    @Override
    public void onComplete(WeightsAnnouncement announcement, TensorSet tensors) {
        listener.onWeights(announcement.version(), announcement.fingerprint(), tensors);
    }

    @Override
    public void onMissing(WeightsAnnouncement a, List<ChunkRange> missing) {
        List<WeightsCommand.ChunkRange> ranges = missing.stream()
                .limit(MOST_RANGES)
                .map(r -> new WeightsCommand.ChunkRange(r.first(), r.last()))
                .toList();
        listener.onMissing(new WeightsCommand.ChunksMissing(a.set(), a.version(), address(), ranges));
    }

    @Override
    public void onRefused(WeightsAnnouncement announcement, WireException reason) {
        listener.onRefused(String.valueOf(reason.getMessage()));
    }

    @Override
    public void close() {
        sink.close();
        station.close();
    }
}
