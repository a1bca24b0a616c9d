package dev.troupe.cluster.protocol;

import akka.actor.typed.ActorRef;
import dev.troupe.experience.TrajectoryId;
import java.util.List;

/** What the prompt ledger understands. The learner adds commands of its own that never leave its JVM. */
public interface LedgerCommand {

    /**
     * A rollout says what it can hold and which weights it has. It is standing: the ledger grants leases against it
     * whenever there is room, until the next one replaces it. Sent on joining, on every new version and as a heartbeat.
     *
     * @param node name of the rollout's node
     * @param incarnation differs for every start of the node
     * @param address where lease grants go
     * @param capacity leases the rollout can hold at once, rows in its slots included
     * @param liveVersion policy version that leases taken from now on start with, if not with a newer one
     * @param liveFingerprint of its weights, which it has checked
     * @param rollout the actor, watched: its end gives its leases back
     */
    record WorkRequest(
            String node,
            long incarnation,
            AeronAddress address,
            int capacity,
            long liveVersion,
            String liveFingerprint,
            ActorRef<RolloutCommand> rollout)
            implements LedgerCommand, Control {}

    /**
     * A rollout drains: it takes no further lease, gives back the ones it has not started, and sends what it is still
     * sampling before it leaves.
     */
    record Leaving(String node, long incarnation, List<TrajectoryId> unstarted) implements LedgerCommand, Control {}
}
