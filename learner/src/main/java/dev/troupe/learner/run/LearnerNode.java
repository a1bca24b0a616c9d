package dev.troupe.learner.run;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.protocol.LedgerCommand;
import dev.troupe.cluster.protocol.RolloutCommand;
import dev.troupe.cluster.protocol.ScorerCommand;
import dev.troupe.cluster.protocol.ServiceKeys;
import dev.troupe.cluster.protocol.WeightsCommand;
import dev.troupe.learner.assembly.Assembler;
import dev.troupe.learner.assembly.AssemblerSettings;
import dev.troupe.learner.assembly.ScoringTimes;
import dev.troupe.learner.ledger.GroupCounts;
import dev.troupe.learner.ledger.LedgerActor;
import dev.troupe.learner.ledger.LedgerMessages;
import dev.troupe.learner.ledger.LedgerSettings;
import dev.troupe.learner.ledger.LedgerSnapshot;
import dev.troupe.learner.ledger.PromptLedger;
import dev.troupe.learner.weights.PublishTimes;
import dev.troupe.learner.weights.WeightsPublisher;
import dev.troupe.model.ModelForm;
import dev.troupe.model.TensorThread;
import dev.troupe.transport.AeronNode;
import dev.troupe.transport.Station;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The learner's actors put together on a node: ledger, assembler, weights publisher and the learner itself. */
public final class LearnerNode implements AutoCloseable {
    /** Rows wait this long for the others of their request when a run may be stale anyway. */
    private static final Duration LINGER = Duration.ofMillis(100);
    /** How often the rows of one request are sent before they are given up. */
    private static final int ATTEMPTS = 3;
    /** Time for a lease to travel, wait for its slot and come back, on top of the sampling deadline. */
    private static final Duration LEASE_GRACE = Duration.ofSeconds(30);

    /** A small batch may lose all its rows to a reward that fails now and then; so many in a row it does not. */
    private static final int LEAST_UNSCORED = 32;

    private static final Duration FIND = Duration.ofSeconds(10);
    private static final Duration LAST_PASS = Duration.ofSeconds(30);
    private static final Logger LOG = LoggerFactory.getLogger(LearnerNode.class);

    private final ClusterNode cluster;
    private final ActorRef<LearnerActor.Command> learner;
    private final Runnable over;
    private final CompletableFuture<RunReport> ended;
    private final Parity parity;
    private final ExecutorService executor;

    private LearnerNode(
            ClusterNode cluster,
            ActorRef<LearnerActor.Command> learner,
            Runnable over,
            CompletableFuture<RunReport> ended,
            Parity parity,
            ExecutorService executor) {
        this.cluster = cluster;
        this.learner = learner;
        this.over = over;
        this.ended = ended;
        this.parity = parity;
        this.executor = executor;
    }

    /**
     * Starts the actors; the run begins as soon as rollouts and scorers join.
     *
     * @param resumed the ledger of the checkpoint that the training was restored from, null for a new run
     */
    public static LearnerNode start(
            ClusterNode cluster,
            AeronNode aeron,
            Station station,
            LearnerPlan plan,
            Training training,
            ModelForm policy,
            LedgerActor.Prompts prompts,
            RunObserver observer,
            @Nullable LedgerSnapshot resumed) {
        long epoch = WallClock.micros();
        LearnerWire wire = new LearnerWire(station, epoch);
        PromptLedger books = resumed == null
                ? new PromptLedger(plan.batch(), plan.generations(), plan.eta(), plan.steps(), plan.groups())
                : PromptLedger.restore(
                        plan.batch(), plan.generations(), plan.eta(), plan.steps(), plan.groups(), resumed);
        AtomicReference<@Nullable ActorRef<Assembler.Command>> assembling = new AtomicReference<>();
        LedgerSettings ledgerSettings = new LedgerSettings(
                plan.seed(),
                plan.rolloutDeadline(),
                plan.rolloutDeadline().plus(LEASE_GRACE),
                epoch,
                plan.eta() + 2,
                Math.max(plan.batch(), LEAST_UNSCORED));
        CompletableFuture<RunReport> ended = new CompletableFuture<>();
        AtomicReference<@Nullable ActorRef<LearnerActor.Command>> leading = new AtomicReference<>();
        Consumer<Throwable> failed = cause -> {
            ActorRef<LearnerActor.Command> to = leading.get();
            if (to == null) {
                ended.completeExceptionally(cause);
            } else {
                to.tell(new LearnerActor.Failed(cause));
            }
        };
        Behavior<LedgerCommand> ledgerActor =
                LedgerActor.create(books, ledgerSettings, new LedgerActor.Surroundings(prompts, wire, held -> {
                    ActorRef<Assembler.Command> to = assembling.get();
                    if (to != null) {
                        to.tell(new Assembler.Held(held.trajectories(), held.neverCame(), held.quiet()));
                    }
                }));
        ActorRef<LedgerCommand> ledger =
                cluster.spawn(FailureEndsRun.of(LedgerCommand.class, ledgerActor, failed), "ledger");
        ScoringTimes scoring = new ScoringTimes();
        PublishTimes publishing = new PublishTimes();
        AssemblerSettings assembly = new AssemblerSettings(
                plan.needs(),
                plan.scoringBatch(),
                plan.rewardBatch(),
                plan.temperature(),
                plan.scoringDeadline(),
                ATTEMPTS,
                plan.eta() == 0 ? Duration.ZERO : LINGER);
        Behavior<Assembler.Command> assemblerActor =
                Assembler.create(assembly, plan.generations(), wire, ledger, scoring);
        ActorRef<Assembler.Command> assembler =
                cluster.spawn(FailureEndsRun.of(Assembler.Command.class, assemblerActor, failed), "assembler");
        assembling.set(assembler);
        wire.listen(ledger, assembler);
        Behavior<WeightsCommand> publisherActor = WeightsPublisher.create(wire, publishing, announced -> {
            // No trajectory of a version may come before the ledger knows it.
            if (announced.set().equals(PolicyWeights.POLICY)) {
                ledger.tell(new LedgerMessages.Published(announced.version(), announced.fingerprint()));
            }
        });
        ActorRef<WeightsCommand> publisher =
                cluster.spawn(FailureEndsRun.of(WeightsCommand.class, publisherActor, failed), "weights");
        Parity parity = new Parity(
                TensorThread.yielding("parity", 1), policy, plan.temperature(), plan.parityRows(), plan.eta() + 1);
        ExecutorService executor = Executors.newSingleThreadExecutor(task -> {
            Thread thread = new Thread(task, "learner");
            thread.setDaemon(true);
            return thread;
        });
        LearnerActor.Surroundings around = new LearnerActor.Surroundings(
                ledger,
                publisher,
                parity,
                new StepMetrics(
                        scoring,
                        publishing,
                        aeron::bytesSentByStream,
                        plan.eta(),
                        books.groups().orElse(new GroupCounts(0, 0))),
                observer,
                executor);
        LearnerActor.Settings settings =
                new LearnerActor.Settings(plan.steps(), books.version(), plan.checkpointEvery(), plan.waitDeadline());
        Behavior<LearnerActor.Command> learnerActor = LearnerActor.create(settings, training, around, ended);
        ActorRef<LearnerActor.Command> learner = cluster.spawn(
                FailureEndsRun.of(LearnerActor.Command.class, learnerActor, ended::completeExceptionally), "learner");
        leading.set(learner);
        var receptionist = cluster.system().receptionist();
        receptionist.tell(Receptionist.register(ServiceKeys.LEDGER, ledger));
        receptionist.tell(Receptionist.register(ServiceKeys.WEIGHTS, publisher));
        Runnable over = () -> {
            ledger.tell(new LedgerMessages.Over());
            assembler.tell(new Assembler.Over());
        };
        return new LearnerNode(cluster, learner, over, ended, parity, executor);
    }

    /** Completes with the run's report, or with what went wrong. */
    public CompletableFuture<RunReport> ended() {
        return ended;
    }

    /** Ends the run with a checkpoint at the next version's boundary. */
    public void stop() {
        learner.tell(new LearnerActor.Stop());
    }

    /** Tells rollouts and scorers, wherever they are, that the run is over. */
    public void announceEnd(String status) {
        over.run();
        tellAll(ServiceKeys.ROLLOUT, new RolloutCommand.RunEnded(status));
        for (ServiceKey<ScorerCommand> key :
                List.of(ServiceKeys.REFERENCE, ServiceKeys.REWARD, ServiceKeys.VALUE, ServiceKeys.TEACHER)) {
            tellAll(key, new ScorerCommand.RunEnded(status));
        }
    }

    private <T> void tellAll(ServiceKey<T> key, T message) {
        ActorSystem<?> system = cluster.system();
        AskPattern.<Receptionist.Command, Receptionist.Listing>ask(
                        system.receptionist(), replyTo -> Receptionist.find(key, replyTo), FIND, system.scheduler())
                .thenAccept(listing -> listing.getServiceInstances(key).forEach(actor -> actor.tell(message)))
                .toCompletableFuture()
                .join();
    }

    /** Frees threads and weights; the actors end with their node. A pass under way asks for nothing more after it. */
    @Override
    public void close() {
        executor.shutdownNow();
        try {
            if (!executor.awaitTermination(LAST_PASS.toSeconds(), TimeUnit.SECONDS)) {
                LOG.warn("the learner's pass goes on {} s after its run has ended", LAST_PASS.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        parity.close();
    }
}
