package dev.troupe.learner.ledger;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.LedgerCommand;
import dev.troupe.cluster.protocol.LedgerCommand.Leaving;
import dev.troupe.cluster.protocol.LedgerCommand.WorkRequest;
import dev.troupe.cluster.protocol.RolloutCommand;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.experience.HeldTrajectory;
import dev.troupe.learner.experience.ScoredTrajectory;
import dev.troupe.learner.experience.Scores;
import dev.troupe.learner.ledger.LedgerMessages.Arrived;
import dev.troupe.learner.ledger.LedgerMessages.Ask;
import dev.troupe.learner.ledger.LedgerMessages.Batch;
import dev.troupe.learner.ledger.LedgerMessages.Hopeless;
import dev.troupe.learner.ledger.LedgerMessages.NextBatch;
import dev.troupe.learner.ledger.LedgerMessages.Offer;
import dev.troupe.learner.ledger.LedgerMessages.Published;
import dev.troupe.learner.ledger.LedgerMessages.Scored;
import dev.troupe.learner.ledger.LedgerMessages.Skipped;
import dev.troupe.learner.ledger.LedgerMessages.State;
import dev.troupe.learner.ledger.LedgerMessages.Trained;
import dev.troupe.learner.ledger.LedgerMessages.Unscored;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.WireException;
import dev.troupe.proto.v1.Lease;
import dev.troupe.proto.v1.LeaseGrant;
import dev.troupe.proto.v1.Trajectory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one owner of the {@link PromptLedger} and of the experience it holds: grants leases to rollouts, takes their
 * trajectories in, acknowledges what it holds, and hands complete batches to the learner.
 */
public final class LedgerActor extends AbstractBehavior<LedgerCommand> {

    /**
     * What the ledger reaches out to.
     *
     * @param prompts token ids of the prompt of a draw
     * @param leases sends a grant to a rollout over Aeron
     * @param assembler takes what is held and finds its scores
     */
    public record Surroundings(Prompts prompts, LeaseSender leases, Consumer<Held> assembler) {}

    /** The run's prompts in the order of drawing: a function of the draw's number alone, so that a run can resume. */
    @FunctionalInterface
    public interface Prompts {
        /** Token ids of the prompt of this draw. */
        int[] draw(long number);

        /** Token ids of the completion that a trajectory is given; empty where it is to be sampled. */
        default int[] given(TrajectoryId id) {
            return new int[0];
        }
    }

    /** Sends leases. */
    public interface LeaseSender {
        /** Sends the grant without waiting for its delivery. */
        void send(AeronAddress to, LeaseGrant grant, long policyVersion);

        /** The rollout is gone: nothing more is to be delivered there. */
        void forget(AeronAddress rollout);
    }

    /**
     * Newly held trajectories.
     *
     * @param neverCame trajectories that were given up before they arrived: they are not waited for any more
     * @param quiet nothing is being sampled any more, so nothing further will come before these have their scores
     */
    public record Held(List<HeldTrajectory> trajectories, List<TrajectoryId> neverCame, boolean quiet) {}

    private record Tick() implements LedgerCommand {}

    private record RolloutGone(String node, long incarnation) implements LedgerCommand {}

    private static final Logger LOG = LoggerFactory.getLogger(LedgerActor.class);
    private static final Duration TICK = Duration.ofMillis(500);

    private final PromptLedger ledger;
    private final LedgerSettings settings;
    private final Surroundings surroundings;
    private final RolloutNames names = new RolloutNames();
    private final Map<String, WorkRequest> rollouts = new LinkedHashMap<>();
    private final Map<TrajectoryId, HeldTrajectory> log = new HashMap<>();
    private final Map<TrajectoryId, Scores> scores = new HashMap<>();
    private final Map<Long, String> published = new HashMap<>();
    private @Nullable ActorRef<Offer> waiting;
    private long position;
    private long refused;
    private int unscoredInARow;
    private long completedBefore;
    private String lastUnscored = "";

    /** The ledger of a run, new or restored from a checkpoint. */
    public static Behavior<LedgerCommand> create(
            PromptLedger ledger, LedgerSettings settings, Surroundings surroundings) {
        return Behaviors.setup(context -> Behaviors.withTimers(timers -> {
            timers.startTimerWithFixedDelay(new Tick(), TICK);
            return new LedgerActor(context, ledger, settings, surroundings);
        }));
    }

    private LedgerActor(
            ActorContext<LedgerCommand> context,
            PromptLedger ledger,
            LedgerSettings settings,
            Surroundings surroundings) {
        super(context);
        this.ledger = ledger;
        this.settings = settings;
        this.surroundings = surroundings;
    }

    @Override
    public Receive<LedgerCommand> createReceive() {
        return newReceiveBuilder()
                .onMessage(WorkRequest.class, this::onWorkRequest)
                .onMessage(Leaving.class, this::onLeaving)
                .onMessage(RolloutGone.class, this::onRolloutGone)
                .onMessage(Arrived.class, this::onArrived)
                .onMessage(Scored.class, this::onScored)
                .onMessage(Unscored.class, this::onUnscored)
                .onMessage(Skipped.class, m -> onDropped(m.ids(), m.reason()))
                .onMessage(NextBatch.class, this::onNextBatch)
                .onMessage(Trained.class, this::onTrained)
                .onMessage(Published.class, this::onPublished)
                .onMessage(Ask.class, this::onAsk)
                .onMessage(Tick.class, m -> onTick())
                .onMessage(LedgerMessages.Over.class, m -> Behaviors.stopped())
                .build();
    }

    private Behavior<LedgerCommand> onWorkRequest(WorkRequest request) {
        ActorRef<RolloutCommand> rollout = request.rollout();
        RolloutNames.Claim claim = names.ask(request.node(), request.incarnation());
        switch (claim) {
            case GIVEN -> {
                watch(request);
                work(request);
            }
            case OWN -> work(request);
            case SECOND -> {
                watch(request);
                LOG.info(
                        "another rollout asks for work as {}, at {}: it waits until the one that has the name is gone,"
                                + " and is refused if that one asks again",
                        request.node(),
                        rollout.path());
            }
            case WAITS -> {}
            case TAKEN, STILL_TAKEN -> {
                String reason = "the name " + request.node() + " is taken: a rollout of that name is alive in this run."
                        + " Start this one with another --name, or stop the other first";
                if (claim == RolloutNames.Claim.TAKEN) {
                    LOG.warn("refused a rollout at {}: {}", rollout.path(), reason);
                }
                rollout.tell(new RolloutCommand.NameTaken(reason));
            }
        }
        return this;
    }

    private void watch(WorkRequest request) {
        getContext().watchWith(request.rollout(), new RolloutGone(request.node(), request.incarnation()));
    }

    private void work(WorkRequest request) {
        rollouts.put(request.node(), request);
        grant();
    }

    private Behavior<LedgerCommand> onLeaving(Leaving leaving) {
        forget(leaving.node(), leaving.incarnation());
        int n = ledger.returned(leaving.node(), leaving.incarnation(), leaving.unstarted());
        LOG.info("rollout {} is leaving and gives {} leases back", leaving.node(), n);
        grant();
        return this;
    }

    private Behavior<LedgerCommand> onRolloutGone(RolloutGone gone) {
        if (!names.gone(gone.node(), gone.incarnation())) {
            // It waited for the name or was refused, and so never had a lease.
            return this;
        }
        forget(gone.node(), gone.incarnation());
        PromptLedger.Lost lost = ledger.lost(gone.node(), gone.incarnation());
        if (lost.again() > 0) {
            LOG.warn("rollout {} is gone; {} leases are issued again", gone.node(), lost.again());
        } else {
            LOG.info("rollout {} is gone; it held no leases to be issued again", gone.node());
        }
        forget(lost.givenUp());
        grant();
        return this;
    }

    private void forget(String node, long incarnation) {
        WorkRequest known = rollouts.get(node);
        if (known != null && known.incarnation() == incarnation) {
            rollouts.remove(node);
            surroundings.leases().forget(known.address());
        }
    }

    private Behavior<LedgerCommand> onArrived(Arrived arrived) {
        HeldTrajectory held;
        try {
            held = HeldTrajectory.of(arrived.trajectory());
            checkFingerprints(held);
        } catch (WireException e) {
            // Not acknowledged as held, but the sender must not send it for ever: its lease will be issued again.
            refused++;
            LOG.error("refused a trajectory of {}: {}", arrived.trajectory().getNode(), e.getMessage());
            arrived.held().held(settings.epoch(), position);
            distrust(arrived.trajectory());
            return this;
        }
        PromptLedger.Arrival arrival = ledger.finish(held.id(), held.firstVersion());
        switch (arrival) {
            case ACCEPTED -> {
                position++;
                log.put(held.id(), held);
                arrived.held().held(settings.epoch(), position);
                surroundings.assembler().accept(new Held(List.of(held), List.of(), ledger.quiet()));
            }
            case DUPLICATE, SUPERSEDED -> arrived.held().held(settings.epoch(), position);
            case UNKNOWN -> {
                refused++;
                LOG.error("rollout {} sent trajectory {}, which this run never issued", held.node(), held.id());
                arrived.held().held(settings.epoch(), position);
            }
        }
        grant();
        return this;
    }

    private void distrust(Trajectory t) {
        WorkRequest from = rollouts.get(t.getNode());
        if (from != null) {
            // No new lease before it says again what it samples with: else it would be refused for ever, at full speed.
            rollouts.remove(t.getNode());
            forget(ledger.lost(from.node(), from.incarnation()).givenUp());
        }
    }

    private void checkFingerprints(HeldTrajectory t) {
        int next = 0;
        for (int i = 0; i < t.versions().length; i++) {
            if (i > 0 && t.versions()[i] == t.versions()[i - 1]) {
                continue;
            }
            String claimed = t.weightsFingerprint().get(next++);
            String real = published.get(t.versions()[i]);
            if (!claimed.equals(real)) {
                throw new WireException(
                        WireException.Code.MALFORMED,
                        "trajectory " + t.id() + " was sampled with weights " + claimed + " as version "
                                + t.versions()[i] + ", but that version is " + (real == null ? "unknown" : real));
            }
        }
    }

    private Behavior<LedgerCommand> onScored(Scored scored) {
        if (log.containsKey(scored.id()) && scores.put(scored.id(), scored.scores()) == null) {
            forget(ledger.scored(scored.id(), scored.scores().reward()));
            if (ledger.completed() > completedBefore) {
                completedBefore = ledger.completed();
                unscoredInARow = 0;
            }
            offerBatch();
            grant();
        }
        return this;
    }

    private Behavior<LedgerCommand> onUnscored(Unscored unscored) {
        unscoredInARow++;
        lastUnscored = unscored.reason();
        onDropped(List.of(unscored.id()), unscored.reason());
        offerBatch();
        return this;
    }

    private Behavior<LedgerCommand> onDropped(List<TrajectoryId> ids, String reason) {
        forget(ledger.dropped(ids.stream().filter(log::containsKey).toList(), reason));
        grant();
        return this;
    }

    private void forget(List<GivenUp> givenUp) {
        List<TrajectoryId> neverCame = new ArrayList<>();
        for (GivenUp g : givenUp) {
            if (log.remove(g.id()) == null) {
                neverCame.add(g.id());
            }
            scores.remove(g.id());
            if (g.filtered()) {
                LOG.debug("filtered trajectory {}: {}", g.id(), g.reason());
            } else {
                LOG.warn("dropped trajectory {}: {}", g.id(), g.reason());
            }
        }
        if (!neverCame.isEmpty()) {
            surroundings.assembler().accept(new Held(List.of(), neverCame, ledger.quiet()));
            offerBatch();
        }
    }

    private Behavior<LedgerCommand> onNextBatch(NextBatch request) {
        waiting = request.replyTo();
        offerBatch();
        return this;
    }

    private void offerBatch() {
        ActorRef<Offer> learner = waiting;
        if (learner == null) {
            return;
        }
        if (unscoredInARow >= settings.mostUnscoredInARow()) {
            waiting = null;
            learner.tell(new Hopeless(unscoredInARow + " trajectories in a row got no score and were dropped; the last"
                    + " one: " + lastUnscored));
            return;
        }
        if (ledger.hopeless().isPresent()) {
            waiting = null;
            learner.tell(new Hopeless(ledger.hopeless().get()));
            return;
        }
        ledger.nextBatch().ifPresent(ids -> {
            waiting = null;
            learner.tell(new Batch(ids.stream().map(this::scored).toList()));
        });
    }

    private ScoredTrajectory scored(TrajectoryId id) {
        HeldTrajectory held = log.get(id);
        Scores its = scores.get(id);
        if (held == null || its == null) {
            throw new IllegalStateException("trajectory " + id + " is ready but the log does not hold it");
        }
        return new ScoredTrajectory(held, its);
    }

    private Behavior<LedgerCommand> onTrained(Trained trained) {
        ledger.trained(trained.ids());
        for (TrajectoryId id : trained.ids()) {
            log.remove(id);
            scores.remove(id);
        }
        grant();
        return this;
    }

    private Behavior<LedgerCommand> onPublished(Published p) {
        published.put(p.version(), p.fingerprint());
        // No trajectory can span more versions than this; what is older can never be trained.
        published.remove(p.version() - settings.versionsKept());
        return this;
    }

    private Behavior<LedgerCommand> onAsk(Ask ask) {
        ask.replyTo()
                .tell(new State(
                        ledger.counts(),
                        ledger.groups(),
                        ledger.snapshot(),
                        ledger.awaited(5),
                        List.copyOf(rollouts.keySet()),
                        refused));
        return this;
    }

    private Behavior<LedgerCommand> onTick() {
        PromptLedger.Lost lost = ledger.expire(System.currentTimeMillis());
        if (lost.again() > 0) {
            LOG.warn("{} leases ran past their deadline and are issued again", lost.again());
        }
        forget(lost.givenUp());
        grant();
        return this;
    }

    private void grant() {
        long expires = System.currentTimeMillis() + settings.leaseExpiry().toMillis();
        for (WorkRequest r : List.copyOf(rollouts.values())) {
            String live = published.get(r.liveVersion());
            if (live == null || !live.equals(r.liveFingerprint())) {
                continue;
            }
            List<PromptLedger.Grant> grants =
                    ledger.grant(r.node(), r.incarnation(), r.capacity(), r.liveVersion(), expires);
            if (!grants.isEmpty()) {
                surroundings.leases().send(r.address(), message(grants), r.liveVersion());
            }
        }
    }

    private LeaseGrant message(List<PromptLedger.Grant> grants) {
        LeaseGrant.Builder message = LeaseGrant.newBuilder();
        for (PromptLedger.Grant g : grants) {
            Lease.Builder lease = Lease.newBuilder()
                    .setId(g.id().message())
                    .setAttempt(g.attempt())
                    .setSeed(settings.seed())
                    .setDeadlineMs(settings.deadline().toMillis())
                    .setPromptIds(Tensors.ofInts(surroundings.prompts().draw(g.id().draw())));
            int[] given = surroundings.prompts().given(g.id());
            if (given.length > 0) {
                lease.setCompletionIds(Tensors.ofInts(given));
            }
            message.addLeases(lease);
        }
        return message.build();
    }
}
