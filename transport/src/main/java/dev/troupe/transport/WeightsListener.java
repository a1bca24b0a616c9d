package dev.troupe.transport;

import dev.troupe.proto.TensorSet;
import dev.troupe.proto.WireException;
import java.util.List;

/** Hears what becomes of announced weights. Called on a thread of the sink, one call at a time. */
public interface WeightsListener {
    /** All chunks are here and the fingerprint is the announced one. */
    void onComplete(WeightsAnnouncement announcement, TensorSet tensors);

    /** No chunk has come for a while and these are missing: ask the publisher for them. Repeated until they come. */
    void onMissing(WeightsAnnouncement announcement, List<ChunkRange> missing);

    /** All chunks are here but they are not what was announced; nothing of them was kept. Announce again to retry. */
    void onRefused(WeightsAnnouncement announcement, WireException reason);
}
