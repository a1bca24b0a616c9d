package dev.troupe.rollout;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.cluster.protocol.LedgerCommand;
import dev.troupe.cluster.protocol.LedgerCommand.Leaving;
import dev.troupe.cluster.protocol.LedgerCommand.WorkRequest;
import dev.troupe.cluster.protocol.RolloutCommand;
import dev.troupe.cluster.protocol.RolloutCommand.Drain;
import dev.troupe.cluster.protocol.RolloutCommand.NameTaken;
import dev.troupe.cluster.protocol.RolloutCommand.RunEnded;
import dev.troupe.cluster.protocol.ServiceKeys;
import dev.troupe.cluster.protocol.WeightsCommand;
import dev.troupe.cluster.protocol.WeightsCommand.ChunksMissing;
import dev.troupe.cluster.protocol.WeightsCommand.Subscribe;
import dev.troupe.cluster.protocol.WeightsCommand.VersionLive;
import dev.troupe.cluster.protocol.WeightsEvent;
import dev.troupe.cluster.protocol.WeightsEvent.VersionAnnounced;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.proto.TensorSet;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Samples completions: takes leases while it has room, decodes them with continuous batching, takes new weights between
 * two decode steps, and keeps each trajectory until the ledger holds it.
 *
 * <pre>
 *   start --weights--> SAMPLING --Drain--> DRAINING --nothing runs--> AWAITING ACKS --all acked--> stopped
 *                         |                    \_____ drain deadline _____/------------------------> stopped, error
 *                         +--RunEnded, from any state--------------------------------------------> stopped
 *                         +--NameTaken-----------------------------------------------------------> stopped, error
 * </pre>
 */
public final class RolloutActor extends AbstractBehavior<RolloutCommand> {
    private static final String SET = "policy";

    private record Ledgers(Set<ActorRef<LedgerCommand>> refs) implements RolloutCommand {}

    private record Publishers(Set<ActorRef<WeightsCommand>> refs) implements RolloutCommand {}

    private record Announced(VersionAnnounced version) implements RolloutCommand {}

    private record Missing(ActorRef<WeightsCommand> publisher, ChunksMissing chunks) implements RolloutCommand {}

    private record Refused(ActorRef<WeightsCommand> publisher, String reason) implements RolloutCommand {}

    private record Taken(int feed, long version, String fingerprint) implements RolloutCommand {}

    private record Opened() implements RolloutCommand {}

    private record FirstToken(long version, String fingerprint, long atMicros) implements RolloutCommand {}

    private record Returned(List<TrajectoryId> unstarted) implements RolloutCommand {}

    private record Drained() implements RolloutCommand {}

    private record Acked(boolean all) implements RolloutCommand {}

    private record DrainTimedOut() implements RolloutCommand {}

    private record Failed(Throwable cause) implements RolloutCommand {}

    private record Beat() implements RolloutCommand {}

    private static final Logger LOG = LoggerFactory.getLogger(RolloutActor.class);
    private static final Duration BEAT = Duration.ofSeconds(1);
    /** Beats without word from the publisher after which the subscription may be lost. */
    private static final int SILENT_BEATS = 3;
    /** References in one message, which must stay under 16 KB. */
    private static final int MOST_REFS = 256;

    private final TimerScheduler<RolloutCommand> timers;
    private final RolloutSetup setup;
    private final CompletableFuture<String> ended;
    private final RolloutWorks works;
    private final ActorRef<WeightsEvent> weightsEvents;
    private Set<ActorRef<LedgerCommand>> ledgers = Set.of();
    private @Nullable ActorRef<WeightsCommand> publisher;
    private @Nullable WeightsFeed feed;
    private int feeds;
    private int silentBeats;
    private @Nullable Taken newest;
    private boolean opened;
    private boolean draining;
    private String farewell = "stopped";
    private @Nullable Throwable failure;

    /**
     * A rollout actor.
     *
     * @param ended completes when the actor is gone and its resources are closed: with the reason, or exceptionally
     *     when it failed
     */
    public static Behavior<RolloutCommand> create(RolloutSetup setup, CompletableFuture<String> ended) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> {
            try {
                return new RolloutActor(context, timers, setup, ended);
            } catch (RuntimeException e) {
                // Whoever waits for the end hears why; a page of log would say no more.
                ended.completeExceptionally(e);
                return Behaviors.stopped();
            }
        }));
    }

    private RolloutActor(
            ActorContext<RolloutCommand> context,
            TimerScheduler<RolloutCommand> timers,
            RolloutSetup setup,
            CompletableFuture<String> ended) {
        super(context);
        this.timers = timers;
        this.setup = setup;
        this.ended = ended;
        this.weightsEvents =
                context.messageAdapter(WeightsEvent.class, event -> new Announced((VersionAnnounced) event));
        this.works = RolloutWorks.start(setup, new Reports(context.getSelf()));
        ActorRef<Receptionist.Listing> listings =
                context.messageAdapter(Receptionist.Listing.class, RolloutActor::listed);
        var receptionist = context.getSystem().receptionist();
        receptionist.tell(Receptionist.register(ServiceKeys.ROLLOUT, context.getSelf()));
        receptionist.tell(Receptionist.subscribe(ServiceKeys.LEDGER, listings));
        receptionist.tell(Receptionist.subscribe(ServiceKeys.WEIGHTS, listings));
        timers.startTimerWithFixedDelay(new Beat(), BEAT);
    }

    private static RolloutCommand listed(Receptionist.Listing listing) {
        return listing.isForKey(ServiceKeys.LEDGER)
                ? new Ledgers(listing.getServiceInstances(ServiceKeys.LEDGER))
                : new Publishers(listing.getServiceInstances(ServiceKeys.WEIGHTS));
    }

    @Override
    public Receive<RolloutCommand> createReceive() {
        return newReceiveBuilder()
                .onMessage(Ledgers.class, this::onLedgers)
                .onMessage(Publishers.class, this::onPublishers)
                .onMessage(Announced.class, this::onAnnounced)
                .onMessage(Missing.class, this::onMissing)
                .onMessage(Refused.class, this::onRefused)
                .onMessage(Taken.class, this::onTaken)
                .onMessage(Opened.class, m -> onOpened())
                .onMessage(FirstToken.class, this::onFirstToken)
                .onMessage(Returned.class, this::onReturned)
                .onMessage(Drained.class, m -> onDrained())
                .onMessage(Acked.class, this::onAcked)
                .onMessage(DrainTimedOut.class, m -> onDrainTimedOut())
                .onMessage(Failed.class, m -> fail(m.cause))
                .onMessage(Beat.class, m -> onBeat())
                .onMessage(Drain.class, this::onDrain)
                .onMessage(NameTaken.class, this::onNameTaken)
                .onMessage(RunEnded.class, this::onRunEnded)
                .onSignal(PostStop.class, s -> onStopped())
                .build();
    }

    private Behavior<RolloutCommand> onLedgers(Ledgers found) {
        ledgers = found.refs;
        askForWork();
        return this;
    }

    private Behavior<RolloutCommand> onPublishers(Publishers found) {
        if (publisher != null && found.refs.contains(publisher)) {
            return this;
        }
        publisher =
                found.refs.stream().min((a, b) -> a.path().compareTo(b.path())).orElse(null);
        ActorRef<WeightsCommand> from = publisher;
        if (from == null) {
            // The weights at hand stay good until the staleness bound shuts the gate.
            return this;
        }
        if (feed != null) {
            feed.close();
        }
        feeds++;
        feed = works.openFeed(feeds, new FeedReports(getContext().getSelf(), from, works, feeds));
        subscribe();
        return this;
    }

    private void subscribe() {
        silentBeats = 0;
        if (publisher != null && feed != null) {
            publisher.tell(new Subscribe(SET, feed.address(), weightsEvents));
        }
    }

    private Behavior<RolloutCommand> onAnnounced(Announced announced) {
        silentBeats = Integer.MIN_VALUE;
        if (feed != null && announced.version.set().equals(SET)) {
            feed.announced(announced.version);
        }
        return this;
    }

    private Behavior<RolloutCommand> onMissing(Missing missing) {
        missing.publisher.tell(missing.chunks);
        return this;
    }

    private Behavior<RolloutCommand> onRefused(Refused refused) {
        LOG.warn("rollout {} asks for the weights again: {}", setup.node(), refused.reason);
        if (refused.publisher.equals(publisher)) {
            // With the next beat, not at once: a publisher that is wrong for good would be asked at full speed.
            silentBeats = SILENT_BEATS;
        }
        return this;
    }

    private Behavior<RolloutCommand> onTaken(Taken taken) {
        if (taken.feed == feeds) {
            newest = taken;
            askForWork();
        }
        return this;
    }

    /** No work before: an engine that cannot open must take no leases, nor their deadlines pass while it opens. */
    private Behavior<RolloutCommand> onOpened() {
        opened = true;
        askForWork();
        return this;
    }

    private Behavior<RolloutCommand> onFirstToken(FirstToken first) {
        if (publisher != null) {
            publisher.tell(new VersionLive(setup.node(), SET, first.version, first.fingerprint, first.atMicros));
        }
        return this;
    }

    private void askForWork() {
        Taken now = newest;
        if (now == null || !opened || draining) {
            return;
        }
        WorkRequest request = new WorkRequest(
                setup.node(),
                works.incarnation(),
                works.address(),
                setup.settings().capacity(),
                now.version,
                now.fingerprint,
                getContext().getSelf());
        ledgers.forEach(l -> l.tell(request));
    }

    private Behavior<RolloutCommand> onBeat() {
        askForWork();
        if (publisher != null && ++silentBeats >= SILENT_BEATS) {
            subscribe();
        }
        return this;
    }

    private Behavior<RolloutCommand> onDrain(Drain drain) {
        if (!draining) {
            LOG.info("rollout {} drains: {}", setup.node(), drain.reason());
            draining = true;
            farewell = "drained: " + drain.reason();
            timers.startSingleTimer(new DrainTimedOut(), setup.settings().drainDeadline());
            works.loop().drain();
        }
        return this;
    }

    private Behavior<RolloutCommand> onReturned(Returned returned) {
        List<TrajectoryId> refs = returned.unstarted;
        for (int from = 0; from == 0 || from < refs.size(); from += MOST_REFS) {
            List<TrajectoryId> some = refs.subList(from, Math.min(refs.size(), from + MOST_REFS));
            ledgers.forEach(l -> l.tell(new Leaving(setup.node(), works.incarnation(), some)));
        }
        return this;
    }

    private Behavior<RolloutCommand> onDrained() {
        Duration deadline = setup.settings().drainDeadline();
        CompletableFuture<Boolean> acked = new CompletableFuture<>();
        // A thread of its own: the wait is long and must not hold one of the dispatcher's.
        works.onThread("acks", () -> {
            try {
                acked.complete(works.sender().awaitAcked(deadline));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                acked.complete(false);
            }
        });
        getContext().pipeToSelf(acked, (all, e) -> new Acked(all != null && all));
        return this;
    }

    private Behavior<RolloutCommand> onAcked(Acked acked) {
        return acked.all ? Behaviors.stopped() : onDrainTimedOut();
    }

    private Behavior<RolloutCommand> onDrainTimedOut() {
        return fail(new RolloutException(
                "rollout " + setup.node() + " waited "
                        + setup.settings().drainDeadline().toMillis()
                        + " ms (rollout.drain_deadline) for its rows to end and for the ledger to acknowledge "
                        + works.sender().unacked() + " trajectories",
                null));
    }

    private Behavior<RolloutCommand> onNameTaken(NameTaken taken) {
        // Whoever waits for the end hears why; a page of log would say no more.
        failure = new RolloutException(taken.reason(), null);
        return Behaviors.stopped();
    }

    private Behavior<RolloutCommand> onRunEnded(RunEnded end) {
        farewell = "run ended: " + end.status();
        return Behaviors.stopped();
    }

    private Behavior<RolloutCommand> fail(Throwable cause) {
        LOG.error("rollout {} failed: {}", setup.node(), cause.getMessage(), cause);
        failure = cause;
        return Behaviors.stopped();
    }

    private Behavior<RolloutCommand> onStopped() {
        WeightsFeed open = feed;
        Throwable why = failure;
        works.onThread("close", () -> {
            try {
                if (open != null) {
                    open.close();
                }
                works.close();
            } catch (RuntimeException e) {
                ended.completeExceptionally(why != null ? why : e);
                return;
            }
            if (why != null) {
                ended.completeExceptionally(why);
            } else {
                ended.complete(farewell);
            }
        });
        return this;
    }

    /** Turns what the decoding thread reports into messages. */
    private record Reports(ActorRef<RolloutCommand> self) implements DecodeLoop.Listener {
        @Override
        public void onOpened() {
            self.tell(new Opened());
        }

        @Override
        public void onFirstToken(long version, String fingerprint, long atMicros) {
            self.tell(new FirstToken(version, fingerprint, atMicros));
        }

        @Override
        public void onReturned(List<TrajectoryId> unstarted) {
            self.tell(new Returned(unstarted));
        }

        @Override
        public void onDrained() {
            self.tell(new Drained());
        }

        @Override
        public void onFailed(Throwable cause) {
            self.tell(new Failed(cause));
        }
    }

    /** Hands weights to the decoding thread at once, and the rest to the actor. */
    private record FeedReports(
            ActorRef<RolloutCommand> self, ActorRef<WeightsCommand> publisher, RolloutWorks works, int feed)
            implements WeightsFeed.Listener {
        @Override
        public void onWeights(long version, String fingerprint, TensorSet tensors) {
            // Work is asked for at once: while the weights are put in, its leases are on their way.
            if (works.loop().weights(new DecodeLoop.Weights(feed, version, fingerprint, tensors))) {
                self.tell(new Taken(feed, version, fingerprint));
            }
        }

        @Override
        public void onMissing(ChunksMissing missing) {
            self.tell(new Missing(publisher, missing));
        }

        @Override
        public void onRefused(String reason) {
            self.tell(new Refused(publisher, reason));
        }
    }
}
