package dev.troupe.cluster.protocol;

import akka.actor.typed.ActorRef;
import java.util.List;

/** What the publisher of weights understands. */
public interface WeightsCommand {

    /** Send this set's current version now and every later one as it appears. */
    record Subscribe(String set, AeronAddress to, ActorRef<WeightsEvent> subscriber)
            implements WeightsCommand, Control {}

    /** Closed interval of chunk indexes. */
    record ChunkRange(int first, int last) implements Control {}

    /** These chunks did not arrive: send them again. */
    record ChunksMissing(String set, long version, AeronAddress to, List<ChunkRange> ranges)
            implements WeightsCommand, Control {}

    /**
     * The version is in use.
     *
     * @param fingerprint of the live weights, read back from where they are used
     * @param liveAtMicros wall clock of the first use, microseconds since the epoch
     */
    record VersionLive(String node, String set, long version, String fingerprint, long liveAtMicros)
            implements WeightsCommand, Control {}
}
