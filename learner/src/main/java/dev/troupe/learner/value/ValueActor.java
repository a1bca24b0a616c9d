package dev.troupe.learner.value;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.ScorerCommand;
import dev.troupe.cluster.protocol.ScorerCommand.Describe;
import dev.troupe.cluster.protocol.ScorerCommand.RunEnded;
import dev.troupe.cluster.protocol.ScorerCommand.ScorerDescription;
import dev.troupe.cluster.protocol.ServiceKeys;
import dev.troupe.cluster.protocol.WeightsCommand;
import dev.troupe.cluster.protocol.WeightsCommand.ChunksMissing;
import dev.troupe.cluster.protocol.WeightsCommand.Subscribe;
import dev.troupe.cluster.protocol.WeightsCommand.VersionLive;
import dev.troupe.cluster.protocol.WeightsEvent;
import dev.troupe.cluster.protocol.WeightsEvent.VersionAnnounced;
import dev.troupe.learner.run.WallClock;
import dev.troupe.model.ModelForm;
import dev.troupe.model.TensorThread;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.WireException;
import dev.troupe.transport.ChunkRange;
import dev.troupe.transport.ScoringStation;
import dev.troupe.transport.Station;
import dev.troupe.transport.WeightsAnnouncement;
import dev.troupe.transport.WeightsListener;
import dev.troupe.transport.WeightsSink;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hosts the value model: follows the learner's published versions and answers with values, each stamped with the
 * version that gave them.
 */
public final class ValueActor extends AbstractBehavior<ScorerCommand> {
    private static final String SET = "value";
    private static final int MOST_RANGES = 256;
    private static final int ROWS_A_PASS = 64;
    private static final Duration BEAT = Duration.ofSeconds(3);
    private static final Logger LOG = LoggerFactory.getLogger(ValueActor.class);

    private record Publishers(Set<ActorRef<WeightsCommand>> refs) implements ScorerCommand {}

    private record Announced(VersionAnnounced version) implements ScorerCommand {}

    private record Missing(ChunksMissing chunks) implements ScorerCommand {}

    private record Refused(String reason) implements ScorerCommand {}

    private record Live(long version, String fingerprint) implements ScorerCommand {}

    private record Beat() implements ScorerCommand {}

    private final Station station;
    private final String model;
    private final ValueScorer scorer;
    private final WeightsSink sink;
    private final ActorRef<WeightsEvent> events;
    private final CompletableFuture<String> ended;
    private @Nullable ActorRef<WeightsCommand> publisher;
    private boolean announced;
    private String farewell = "stopped";

    /**
     * A value actor.
     *
     * @param form of the value model's sets, which come from the learner
     * @param threads cores of one pass
     * @param ended completes with the reason when the actor is gone
     */
    public static Behavior<ScorerCommand> create(
            Station station, String model, ModelForm form, int threads, CompletableFuture<String> ended) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> new ValueActor(context, timers, station, model, form, threads, ended)));
    }

    private ValueActor(
            ActorContext<ScorerCommand> context,
            TimerScheduler<ScorerCommand> timers,
            Station station,
            String model,
            ModelForm form,
            int threads,
            CompletableFuture<String> ended) {
        super(context);
        this.station = station;
        this.model = model;
        this.ended = ended;
        this.scorer = new ValueScorer(TensorThread.start("value-" + station.name(), threads), form, ROWS_A_PASS);
        this.events =
                context.messageAdapter(VersionAnnounced.class, Announced::new).unsafeUpcast();
        this.sink = WeightsSink.open(station, new Feed(context.getSelf(), scorer, address()));
        ScoringStation.open(station, scorer);
        ActorRef<Receptionist.Listing> listing = context.messageAdapter(
                Receptionist.Listing.class, l -> new Publishers(l.getServiceInstances(ServiceKeys.WEIGHTS)));
        var receptionist = context.getSystem().receptionist();
        receptionist.tell(Receptionist.register(ServiceKeys.VALUE, context.getSelf()));
        receptionist.tell(Receptionist.subscribe(ServiceKeys.WEIGHTS, listing));
        timers.startTimerWithFixedDelay(new Beat(), BEAT);
    }

    private AeronAddress address() {
        return AeronAddress.of(station.address());
    }

    @Override
    public Receive<ScorerCommand> createReceive() {
        return newReceiveBuilder()
                .onMessage(Describe.class, this::onDescribe)
                .onMessage(Publishers.class, this::onPublishers)
                .onMessage(Announced.class, this::onAnnounced)
                .onMessage(Missing.class, this::onMissing)
                .onMessage(Refused.class, this::onRefused)
                .onMessage(Live.class, this::onLive)
                .onMessage(Beat.class, m -> onBeat())
                .onMessage(RunEnded.class, this::onRunEnded)
                .onSignal(PostStop.class, s -> onStopped())
                .build();
    }

    private Behavior<ScorerCommand> onDescribe(Describe describe) {
        describe.replyTo().tell(new ScorerDescription(station.name(), SET, address(), model, ""));
        return this;
    }

    private Behavior<ScorerCommand> onPublishers(Publishers found) {
        if (publisher == null || !found.refs.contains(publisher)) {
            publisher = found.refs.stream().findFirst().orElse(null);
            announced = false;
            subscribe();
        }
        return this;
    }

    private void subscribe() {
        if (publisher != null) {
            publisher.tell(new Subscribe(SET, address(), events));
        }
    }

    private Behavior<ScorerCommand> onAnnounced(Announced a) {
        announced = true;
        VersionAnnounced v = a.version;
        sink.expect(new WeightsAnnouncement(v.set(), v.version(), v.fingerprint(), v.bytes(), v.chunks()));
        return this;
    }

    private Behavior<ScorerCommand> onMissing(Missing missing) {
        if (publisher != null) {
            publisher.tell(missing.chunks);
        }
        return this;
    }

    private Behavior<ScorerCommand> onRefused(Refused refused) {
        LOG.warn("value actor {} asks for the weights again: {}", station.name(), refused.reason);
        subscribe();
        return this;
    }

    private Behavior<ScorerCommand> onLive(Live live) {
        if (publisher != null) {
            publisher.tell(new VersionLive(station.name(), SET, live.version, live.fingerprint, WallClock.micros()));
        }
        return this;
    }

    private Behavior<ScorerCommand> onBeat() {
        if (!announced) {
            subscribe();
        }
        return this;
    }

    private Behavior<ScorerCommand> onRunEnded(RunEnded end) {
        farewell = "run ended: " + end.status();
        return Behaviors.stopped();
    }

    private Behavior<ScorerCommand> onStopped() {
        Thread closing = new Thread(
                () -> {
                    sink.close();
                    station.close();
                    scorer.close();
                    ended.complete(farewell);
                },
                "value-close");
        closing.setDaemon(true);
        closing.start();
        return this;
    }

    /** Hands weights to the scorer at once, the rest to the actor. Called on a thread of the transport. */
    private record Feed(ActorRef<ScorerCommand> self, ValueScorer scorer, AeronAddress address)
            implements WeightsListener {
        @Override
        public void onComplete(WeightsAnnouncement a, TensorSet tensors) {
            scorer.assign(a.version(), tensors).whenComplete((fingerprint, failure) -> {
                if (failure != null) {
                    LOG.error("value version {} could not be put in place", a.version(), failure);
                } else {
                    self.tell(new Live(a.version(), fingerprint));
                }
            });
        }

        @Override
        public void onMissing(WeightsAnnouncement a, List<ChunkRange> missing) {
            List<WeightsCommand.ChunkRange> ranges = missing.stream()
                    .limit(MOST_RANGES)
                    .map(r -> new WeightsCommand.ChunkRange(r.first(), r.last()))
                    .toList();
            self.tell(new Missing(new ChunksMissing(a.set(), a.version(), address, ranges)));
        }

        @Override
        public void onRefused(WeightsAnnouncement a, WireException reason) {
            self.tell(new Refused(String.valueOf(reason.getMessage())));
        }
    }
}
