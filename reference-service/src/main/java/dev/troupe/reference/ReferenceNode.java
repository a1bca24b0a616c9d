package dev.troupe.reference;

import akka.actor.typed.receptionist.ServiceKey;
import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.ScorerActor;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.ScorerCommand;
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
    /** What frees a model. */
    interface Scoring extends AutoCloseable {
        @Override
        void close();
    }

    private final Scoring scorer;
    private final Station station;
    private final CompletableFuture<String> ended = new CompletableFuture<>();

    private ReferenceNode(Scoring scorer, Station station) {
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
        ScoringStation.open(station, scorer);
        return new ReferenceNode(scorer, station).spawn(cluster, "reference", ServiceKeys.REFERENCE, name);
    }

    /**
     * As {@link #start(ClusterNode, Station, ReferenceSettings, String, Callable)}, for a reference that answers with
     * whole distributions: the teacher of a distillation.
     */
    public static ReferenceNode teacher(
            ClusterNode cluster, Station station, ReferenceSettings settings, String name, Callable<Decoder> model) {
        TeacherScorer scorer = new TeacherScorer(TensorThread.start(station.name(), settings.threads()), model);
        ScoringStation.openPieces(station, scorer);
        return new ReferenceNode(scorer, station).spawn(cluster, "teacher", ServiceKeys.TEACHER, name);
    }

    private ReferenceNode spawn(ClusterNode cluster, String kind, ServiceKey<ScorerCommand> key, String model) {
        ScorerDescription description =
                new ScorerDescription(station.name(), kind, AeronAddress.of(station.address()), model, "");
        cluster.spawn(ScorerActor.create(key, description, ended::complete), station.name());
        return this;
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
