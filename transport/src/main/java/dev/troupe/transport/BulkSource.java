package dev.troupe.transport;

import dev.troupe.proto.v1.WeightChunk;
import org.jspecify.annotations.Nullable;

/**
 * Chunks made one at a time, when there is room for them on the wire: a set of any size waits without taking memory.
 */
interface BulkSource {
    /** The next chunk, or null when nothing waits. Called by the send thread. */
    @Nullable
    WeightChunk next();

    /** Does anything wait? */
    boolean waits();
}
