package dev.troupe.reference;

import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.ScorerActor;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.ScorerCommand.ScorerDescription;
import dev.troupe.cluster.protocol.ServiceKeys;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.TensorThread;
import dev.troupe.transport.ScoringStation;
import dev.troupe.transport.Station;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/** A reference actor on a node: its model, its station and its actor. */
public final class ReferenceNode implements AutoCloseable {
    private final ReferenceScorer scorer;
    private final Station station;
    private final CompletableFuture<String> ended = new CompletableFuture<>();

    private ReferenceNode(ReferenceScorer scorer, Station station) {
        this.scorer = scorer;
        this.station = station;
    }

    /**
     * Loads the model and starts the actor.
     *
     * @param station the actor's own; closed with the node
     */
    public static ReferenceNode start(
            ClusterNode cluster, Station station, ReferenceSettings settings, ModelFolder model) {
        String name = model.path().toString();
        return start(
                cluster,
                station,
                settings,
                name,
                () -> Decoder.load(model.config(), model.weights(), false, settings.numerics()));
    }

    /**
     * As above, for a decoder made in another way.
     *
     * @param name what others are told of the model
     * @param model called on the actor's tensor thread; closed with the node
     */
    public static ReferenceNode start(
            ClusterNode cluster, Station station, ReferenceSettings settings, String name, Callable<Decoder> model) {
        ReferenceScorer scorer = new ReferenceScorer(TensorThread.start(station.name(), settings.threads()), model);
        ReferenceNode node = new ReferenceNode(scorer, station);
        ScoringStation.open(station, scorer);
        ScorerDescription description =
                new ScorerDescription(station.name(), "reference", AeronAddress.of(station.address()), name, "");
        cluster.spawn(ScorerActor.create(ServiceKeys.REFERENCE, description, node.ended::complete), station.name());
        return node;
    }

    /** Completes when the run is over. */
    public CompletableFuture<String> ended() {
        return ended;
    }

    /** Frees the model. */
    @Override
    public void close() {
        station.close();
        scorer.close();
    }
}
