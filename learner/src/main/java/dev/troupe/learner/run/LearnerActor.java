package dev.troupe.learner.run;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.javadsl.TimerScheduler;
import dev.troupe.cluster.protocol.LedgerCommand;
import dev.troupe.cluster.protocol.WeightsCommand;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.ledger.LedgerMessages;
import dev.troupe.learner.ledger.LedgerMessages.Batch;
import dev.troupe.learner.ledger.LedgerMessages.Hopeless;
import dev.troupe.learner.ledger.LedgerMessages.Offer;
import dev.troupe.learner.weights.WeightsPublisher.Publish;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes batches from the ledger, trains, publishes each version, writes checkpoints, and ends the run.
 *
 * <pre>
 *   start: publish version v --> WAITING --batch--> TRAINING --published--> (checkpoint when due) --> WAITING ...
 *                                   |stop, end of steps                                                |
 *                                   +--> checkpoint --> report <---------------------------------------+
 * </pre>
 */
public final class LearnerActor extends AbstractBehavior<LearnerActor.Command> {

    /** What the learner understands. */
    public sealed interface Command permits Offered, Trained, Measured, Told, Saved, Failed, Stop, Tick {}

    /** End with a checkpoint at the next version's boundary. */
    public record Stop() implements Command {}

    private record Offered(Offer offer) implements Command {}

    private record Trained(
            Batch batch, Training.Outcome outcome, PolicyWeights weights, CompletableFuture<Parity.Figures> parity)
            implements Command {}

    private record Measured(Trained trained, LedgerMessages.State state, Parity.Figures parity) implements Command {}

    private record Told(LedgerMessages.State state) implements Command {}

    private record Saved(Path folder) implements Command {}

    /** Something that the run cannot go on without has failed. */
    record Failed(Throwable cause) implements Command {}

    private record Tick() implements Command {}

    /**
     * @param steps of the whole run
     * @param firstVersion version of the weights that the training holds at the start: steps already trained
     * @param checkpointEvery steps between two checkpoints; 0 for the last only
     * @param waitDeadline how long the learner waits for experience before the run fails
     */
    public record Settings(long steps, long firstVersion, int checkpointEvery, Duration waitDeadline) {}

    /** The actors and helpers around the learner. */
    public record Surroundings(
            ActorRef<LedgerCommand> ledger,
            ActorRef<WeightsCommand> publisher,
            Parity parity,
            StepMetrics metrics,
            RunObserver observer,
            Executor executor) {}

    private static final Logger LOG = LoggerFactory.getLogger(LearnerActor.class);
    private static final Duration TICK = Duration.ofSeconds(5);
    /** A batch of a real model takes as long on a few cores; who waits longer says so, and again after twice that. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final int SKIPS_IN_A_ROW = 3;

    private final Settings settings;
    private final Training training;
    private final Surroundings around;
    private final CompletableFuture<RunReport> ended;
    private final ActorRef<Offer> offers;
    private final ActorRef<LedgerMessages.State> states;
    private long version;
    private long waitingSinceNanos;
    private Duration patience = PATIENCE;
    private boolean waiting;
    private boolean stopping;
    private int skips;
    private java.util.function.@org.jspecify.annotations.Nullable Consumer<LedgerMessages.State> onTold;
    private PolicyWeights weights;

    /** A learner that completes {@code ended} with its report, or with what went wrong. */
    public static Behavior<Command> create(
            Settings settings, Training training, Surroundings around, CompletableFuture<RunReport> ended) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> new LearnerActor(context, timers, settings, training, around, ended)));
    }

    private LearnerActor(
            ActorContext<Command> context,
            TimerScheduler<Command> timers,
            Settings settings,
            Training training,
            Surroundings around,
            CompletableFuture<RunReport> ended) {
        super(context);
        this.settings = settings;
        this.training = training;
        this.around = around;
        this.ended = ended;
        this.version = settings.firstVersion;
        this.offers = context.messageAdapter(Offer.class, Offered::new);
        this.states = context.messageAdapter(LedgerMessages.State.class, Told::new);
        boolean soon = settings.waitDeadline.compareTo(TICK) < 0;
        timers.startTimerWithFixedDelay(new Tick(), soon ? settings.waitDeadline : TICK);
        this.weights = training.weights();
        publish(weights, WallClock.micros());
        next();
    }

    @Override
    public Receive<Command> createReceive() {
        return newReceiveBuilder()
                .onMessage(Offered.class, m -> onOffer(m.offer))
                .onMessage(Trained.class, this::onTrained)
                .onMessage(Measured.class, this::onMeasured)
                .onMessage(Told.class, m -> onTold(m.state))
                .onMessage(Saved.class, this::onSaved)
                .onMessage(Failed.class, m -> fail(m.cause))
                .onMessage(Stop.class, m -> onStop())
                .onMessage(Tick.class, m -> onTick())
                .build();
    }

    private void publish(PolicyWeights made, long madeAtMicros) {
        weights = made;
        around.publisher.tell(new Publish(version, made.sets(), madeAtMicros));
        around.parity.keep(version, made.policy());
    }

    /** Ends the run when it is over or asked to; else waits for the next batch. */
    private void next() {
        if (stopping || version >= settings.steps) {
            checkpoint();
            return;
        }
        waiting = true;
        waitingSinceNanos = System.nanoTime();
        patience = PATIENCE;
        around.ledger.tell(new LedgerMessages.NextBatch(offers));
    }

    private Behavior<Command> onOffer(Offer offer) {
        if (!waiting) {
            return this;
        }
        waiting = false;
        return offer instanceof Hopeless hopeless
                ? fail(new LearnerException("step " + (version + 1) + ": " + hopeless.reason()))
                : onBatch((Batch) offer);
    }

    private Behavior<Command> onBatch(Batch batch) {
        around.metrics.waited(System.nanoTime() - waitingSinceNanos);
        CompletableFuture<Parity.Figures> parity = around.parity.measure(batch.trajectories());
        CompletableFuture<Trained> work = CompletableFuture.supplyAsync(
                () -> {
                    Training.Outcome outcome = training.train(version + 1, batch.trajectories());
                    PolicyWeights made = outcome.skipped().isPresent() ? weights : training.weights();
                    return new Trained(batch, outcome, made, parity);
                },
                around.executor);
        getContext().pipeToSelf(work, (trained, failure) -> failure != null ? new Failed(failure) : trained);
        return this;
    }

    private Behavior<Command> onTrained(Trained trained) {
        List<TrajectoryId> ids = trained.batch.trajectories().stream()
                .map(t -> t.trajectory().id())
                .toList();
        if (trained.outcome.skipped().isPresent()) {
            return onSkipped(ids, trained.outcome.skipped().get());
        }
        skips = 0;
        around.metrics.passes().add(trained.outcome.passFromMicros(), trained.outcome.passToMicros());
        version++;
        around.ledger.tell(new LedgerMessages.Trained(ids));
        // Asked before the new version brings leases: the report's counts are those of the step's end, whatever the
        // timing. Only the report waits for them and for parity.
        tell(state -> getContext()
                .pipeToSelf(
                        trained.parity,
                        (figures, failure) ->
                                failure != null ? new Failed(failure) : new Measured(trained, state, figures)));
        publish(trained.weights, trained.outcome.passToMicros());
        return this;
    }

    private Behavior<Command> onMeasured(Measured measured) {
        Trained trained = measured.trained;
        try {
            around.observer.onStep(around.metrics.report(
                    version,
                    version - 1,
                    trained.batch.trajectories(),
                    trained.outcome,
                    measured.parity,
                    measured.state));
        } catch (RuntimeException e) {
            return fail(e);
        }
        boolean due = settings.checkpointEvery > 0 && version % settings.checkpointEvery == 0;
        if (due && version < settings.steps && !stopping) {
            checkpoint();
        } else {
            next();
        }
        return this;
    }

    private Behavior<Command> onSkipped(List<TrajectoryId> ids, String reason) {
        LOG.error("step {} is skipped: {}", version + 1, reason);
        around.ledger.tell(new LedgerMessages.Skipped(ids, reason));
        if (++skips >= SKIPS_IN_A_ROW) {
            return fail(
                    new LearnerException(SKIPS_IN_A_ROW + " updates in a row were skipped; the last one: " + reason));
        }
        next();
        return this;
    }

    private void tell(java.util.function.Consumer<LedgerMessages.State> then) {
        onTold = then;
        around.ledger.tell(new LedgerMessages.Ask(states));
    }

    private Behavior<Command> onTold(LedgerMessages.State state) {
        var then = onTold;
        onTold = null;
        if (then != null) {
            try {
                then.accept(state);
            } catch (RuntimeException e) {
                return fail(e);
            }
        }
        return this;
    }

    private void checkpoint() {
        tell(state -> getContext()
                .pipeToSelf(
                        CompletableFuture.supplyAsync(
                                () -> training.checkpoint(
                                        version, Map.of("ledger.json", LedgerJson.write(state.snapshot()))),
                                around.executor),
                        (folder, failure) -> failure != null ? new Failed(failure) : new Saved(folder)));
    }

    private Behavior<Command> onSaved(Saved saved) {
        LOG.info("checkpoint {}", saved.folder);
        if (stopping || version >= settings.steps) {
            tell(state -> ended.complete(
                    around.metrics.run(version >= settings.steps ? "done" : "interrupted", version, state, weights)));
        } else {
            next();
        }
        return this;
    }

    private Behavior<Command> fail(Throwable cause) {
        Throwable root = cause instanceof java.util.concurrent.CompletionException && cause.getCause() != null
                ? cause.getCause()
                : cause;
        LOG.error("the learner failed at version {}", version, root);
        ended.completeExceptionally(root);
        return Behaviors.stopped();
    }

    private Behavior<Command> onStop() {
        stopping = true;
        if (waiting) {
            waiting = false;
            checkpoint();
        }
        return this;
    }

    private Behavior<Command> onTick() {
        if (!waiting || onTold != null) {
            return this;
        }
        Duration waited = Duration.ofNanos(System.nanoTime() - waitingSinceNanos);
        boolean over = waited.compareTo(settings.waitDeadline) >= 0;
        if (!over && waited.compareTo(patience) < 0) {
            return this;
        }
        patience = waited.multipliedBy(2);
        tell(state -> {
            String what =
                    "step " + (version + 1) + " has waited " + waited.toSeconds() + " s for experience from rollouts "
                            + state.rollouts() + "; missing among others: " + state.awaited();
            LOG.warn("{}", what);
            if (waiting && over) {
                throw new LearnerException(what);
            }
        });
        return this;
    }
}
