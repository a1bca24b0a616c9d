package dev.troupe.reward;

import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.ScorerActor;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.ScorerCommand.ScorerDescription;
import dev.troupe.cluster.protocol.ServiceKeys;
import dev.troupe.transport.ScoringStation;
import dev.troupe.transport.Station;
import java.util.concurrent.CompletableFuture;

/** A reward actor on a node: its scorer, its station and its actor. */
public final class RewardNode implements AutoCloseable {
    private final RewardScorer scorer;
    private final Station station;
    private final CompletableFuture<String> ended = new CompletableFuture<>();

    private RewardNode(RewardScorer scorer, Station station) {
        this.scorer = scorer;
        this.station = station;
    }

    /**
     * Starts it.
     *
     * @param station the actor's own; closed with the node
     * @param scorer closed with the node
     * @param what scores, for whoever asks the actor: a model's folder, a rule's name, a list of parts
     */
    public static RewardNode start(ClusterNode cluster, Station station, RewardScorer scorer, String what) {
        RewardNode node = new RewardNode(scorer, station);
        ScoringStation.open(station, scorer);
        ScorerDescription description =
                new ScorerDescription(station.name(), "reward", AeronAddress.of(station.address()), what, "");
        cluster.spawn(ScorerActor.create(ServiceKeys.REWARD, description, node.ended::complete), station.name());
        return node;
    }

    /** Completes when the run is over. */
    public CompletableFuture<String> ended() {
        return ended;
    }

    /** Frees the model, or interrupts what the rule still does. */
    @Override
    public void close() {
        station.close();
        scorer.close();
    }
}
