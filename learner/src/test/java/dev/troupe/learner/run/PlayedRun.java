package dev.troupe.learner.run;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.LedgerCommand;
import dev.troupe.cluster.protocol.LedgerCommand.WorkRequest;
import dev.troupe.cluster.protocol.RolloutCommand;
import dev.troupe.cluster.protocol.ScorerCommand;
import dev.troupe.cluster.protocol.ServiceKeys;
import dev.troupe.cluster.protocol.WeightsCommand;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.assembly.Assembler;
import dev.troupe.learner.assembly.AssemblerSettings;
import dev.troupe.learner.assembly.ScoringTimes;
import dev.troupe.learner.experience.ScoredTrajectory;
import dev.troupe.learner.ledger.GroupCounts;
import dev.troupe.learner.ledger.GroupRules;
import dev.troupe.learner.ledger.LedgerActor;
import dev.troupe.learner.ledger.LedgerMessages;
import dev.troupe.learner.ledger.LedgerMessages.Arrived;
import dev.troupe.learner.ledger.LedgerSettings;
import dev.troupe.learner.ledger.PromptLedger;
import dev.troupe.learner.weights.PublishTimes;
import dev.troupe.learner.weights.WeightsPublisher.Publish;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.Failure;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.proto.v1.Lease;
import dev.troupe.proto.v1.LeaseGrant;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreKind;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.proto.v1.Trajectory;
import dev.troupe.train.algorithm.Needs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ForkJoinPool;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;

/** The learner's actors without a model: rollouts, scorers and training are played, everything between them is real. */
abstract class PlayedRun {
    static final int BATCH = 6;
    static final int SAMPLES = 2;
    static final int MOST_UNSCORED = 20;
    static final Duration LONG = Duration.ofSeconds(60);

    final ActorTestKit kit = ActorTestKit.create();
    final Map<AeronAddress, Rollout> rollouts = new ConcurrentHashMap<>();
    final Map<Long, String> published = new ConcurrentHashMap<>();
    /** Versions that every rollout of the time has asked for work with. */
    final Set<Long> announced = ConcurrentHashMap.newKeySet();

    final List<List<ScoredTrajectory>> batches = new CopyOnWriteArrayList<>();
    final ConcurrentLinkedQueue<Long> acknowledged = new ConcurrentLinkedQueue<>();
    final List<Long> checkpoints = new CopyOnWriteArrayList<>();
    final List<StepReport> reports = new CopyOnWriteArrayList<>();
    final List<List<TrajectoryId>> requests = new CopyOnWriteArrayList<>();
    GroupRules rules = GroupRules.SINGLE;
    int samples = SAMPLES;
    Predicate<TrajectoryId> rewardFails = id -> false;
    Predicate<TrajectoryId> cut = id -> false;
    Predicate<TrajectoryId> neverEnds = id -> false;
    long noPromptFrom = Long.MAX_VALUE;
    Duration leaseExpiry = LONG;
    Duration waitDeadline = LONG;
    /** Compares nothing. */
    Parity parity = new Parity(null, null, 1.0, 0, 1);

    Predicate<Long> allEqual = draw -> false;
    volatile Optional<String> skip = Optional.empty();
    volatile ActorRef<LedgerCommand> ledger;
    volatile ActorRef<Assembler.Command> assembler;
    volatile ActorRef<LearnerActor.Command> learner;

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
    }

    /** Some rewards are sums, whose parts come with them. */
    static boolean hasParts(TrajectoryId id) {
        return id.draw() % 2 == 0;
    }

    float rewardOf(TrajectoryId id) {
        return id.draw() * 10 + (allEqual.test(id.draw()) ? 0 : id.sample());
    }

    private int[] prompt(long draw) {
        if (draw >= noPromptFrom) {
            throw new IllegalStateException("draw " + draw + ": no prompt");
        }
        return new int[] {1, (int) draw + 10};
    }

    CompletableFuture<RunReport> start(int eta, long steps) {
        LedgerSettings settings = new LedgerSettings(7, LONG, leaseExpiry, 1, eta + 2, MOST_UNSCORED);
        PublishTimes publishing = new PublishTimes();
        ScoringTimes scoring = new ScoringTimes();
        Behavior<LedgerCommand> ledgerActor = LedgerActor.create(
                new PromptLedger(BATCH, samples, eta, steps, rules),
                settings,
                new LedgerActor.Surroundings(
                        draw -> prompt(draw),
                        new PlayedLeases(),
                        held -> assembler.tell(
                                new Assembler.Held(held.trajectories(), held.neverCame(), held.quiet()))));
        ledger = kit.spawn(
                FailureEndsRun.of(
                        LedgerCommand.class, ledgerActor, cause -> learner.tell(new LearnerActor.Failed(cause))),
                "ledger");
        assembler = kit.spawn(
                Assembler.create(
                        new AssemblerSettings(
                                Needs.single(true, true), 4, 4, 1.0, LONG, 2, Duration.ofMillis(eta * 20L)),
                        samples,
                        (to, request, version) -> answer(request),
                        ledger,
                        scoring),
                "assembler");
        ActorRef<WeightsCommand> publisher = kit.spawn(
                Behaviors.receive(WeightsCommand.class)
                        .onMessage(Publish.class, p -> {
                            String hash = new PolicyWeights(p.sets()).policy().fingerprint();
                            ledger.tell(new LedgerMessages.Published(p.version(), hash));
                            published.put(p.version(), hash);
                            rollouts.values().forEach(r -> r.request(p.version()));
                            announced.add(p.version());
                            return Behaviors.same();
                        })
                        .build(),
                "publisher");
        CompletableFuture<RunReport> ended = new CompletableFuture<>();
        LearnerActor.Surroundings around = new LearnerActor.Surroundings(
                ledger,
                publisher,
                parity,
                new StepMetrics(scoring, publishing, Map::of, eta, new GroupCounts(0, 0)),
                reports::add,
                ForkJoinPool.commonPool());
        learner = kit.spawn(
                LearnerActor.create(
                        new LearnerActor.Settings(steps, 0, 0, waitDeadline), new PlayedTraining(), around, ended),
                "learner");
        return ended;
    }

    final class PlayedLeases implements LedgerActor.LeaseSender {
        @Override
        public void send(AeronAddress to, LeaseGrant grant, long policyVersion) {
            rollouts.get(to).granted(grant);
        }

        @Override
        public void forget(AeronAddress rollout) {}
    }

    Rollout join(String name, int capacity) {
        return join(name, 1, capacity);
    }

    /** Another start of a node, or a second node, of the same name has another incarnation. */
    Rollout join(String name, int incarnation, int capacity) {
        return join(name, incarnation, capacity, false);
    }

    /** @param deaf takes leases and answers none, from the first on */
    Rollout join(String name, int incarnation, int capacity, boolean deaf) {
        Rollout rollout = new Rollout(name, incarnation, capacity);
        rollout.deaf = deaf;
        rollouts.put(rollout.address, rollout);
        published.keySet().stream().max(Long::compare).ifPresent(rollout::request);
        return rollout;
    }

    /** Ends its actor, as the cluster tells it of a node that is gone. */
    void kill(Rollout rollout) {
        rollouts.remove(rollout.address);
        kit.stop(rollout.actor);
    }

    void scorers() {
        for (ServiceKey<ScorerCommand> key : List.of(ServiceKeys.REFERENCE, ServiceKeys.REWARD, ServiceKeys.VALUE)) {
            Behavior<ScorerCommand> scorer = Behaviors.receive(ScorerCommand.class)
                    .onMessage(ScorerCommand.Describe.class, d -> {
                        d.replyTo()
                                .tell(new ScorerCommand.ScorerDescription(
                                        key.id(), key.id(), new AeronAddress(key.id(), "", 1), "played", ""));
                        return Behaviors.same();
                    })
                    .build();
            kit.system().receptionist().tell(Receptionist.register(key, kit.spawn(scorer, key.id())));
        }
    }

    void answer(ScoreRequest request) {
        requests.add(request.getIdsList().stream().map(TrajectoryId::of).toList());
        ScoreAnswer.Builder answer =
                ScoreAnswer.newBuilder().setRequest(request.getRequest()).setKind(request.getKind());
        int[] lengths = Tensors.ints(request.getBatch().getLengths());
        int[] prompts = Tensors.ints(request.getBatch().getPromptLengths());
        for (int r = 0; r < lengths.length; r++) {
            TrajectoryId id = TrajectoryId.of(request.getIds(r));
            RowScore.Builder row = RowScore.newBuilder().setId(request.getIds(r));
            int n = lengths[r] - prompts[r];
            switch (request.getKind()) {
                case SCORE_KIND_REFERENCE -> row.setValues(Tensors.ofFloats(new float[n]));
                case SCORE_KIND_VALUE -> row.setValues(Tensors.ofFloats(new float[n + 1]));
                default -> {
                    if (rewardFails.test(id)) {
                        row.setFailure(Failure.newBuilder().setCode("THREW").setMessage("no"));
                    } else {
                        row.setName("reward").setValues(Tensors.ofFloats(rewardOf(id)));
                    }
                }
            }
            answer.addRows(row);
            if (request.getKind() == ScoreKind.SCORE_KIND_REWARD && hasParts(id) && !row.hasFailure()) {
                answer.addRows(named(id, "whole", rewardOf(id) - 1)).addRows(named(id, "one", 1));
            }
        }
        assembler.tell(new Assembler.Answered(answer.build()));
    }

    private static RowScore.Builder named(TrajectoryId id, String name, float score) {
        return RowScore.newBuilder().setId(id.message()).setName(name).setValues(Tensors.ofFloats(score));
    }

    /** Answers every lease at once, in the version it has. */
    final class Rollout {
        final String name;
        final int incarnation;
        final AeronAddress address;
        final int capacity;
        final ActorRef<RolloutCommand> actor;
        final List<Lease> held = new CopyOnWriteArrayList<>();
        final List<String> refusals = new CopyOnWriteArrayList<>();
        volatile long live;
        volatile boolean deaf;
        volatile String claims = "";

        Rollout(String name, int incarnation, int capacity) {
            this.name = name;
            this.incarnation = incarnation;
            this.address = new AeronAddress(name, "", incarnation);
            this.capacity = capacity;
            this.actor = kit.spawn(
                    Behaviors.receive(RolloutCommand.class)
                            .onMessage(RolloutCommand.NameTaken.class, taken -> {
                                refusals.add(taken.reason());
                                return Behaviors.same();
                            })
                            .build(),
                    name + "-" + incarnation);
        }

        /** The test and the publisher both ask; a version that comes late is not taken, as in a rollout. */
        synchronized void request(long version) {
            if (version < live) {
                return;
            }
            live = version;
            String hash = published.getOrDefault(version, "");
            ledger.tell(new WorkRequest(name, incarnation, address, capacity, version, hash, actor));
        }

        void granted(LeaseGrant grant) {
            held.addAll(grant.getLeasesList());
            if (!deaf) {
                answer(grant.getLeasesList());
            }
        }

        void answer(List<Lease> leases) {
            // Read once: a version that comes meanwhile must not lend its hash to tokens of the one before.
            long version = live;
            for (Lease lease : leases) {
                TrajectoryId id = TrajectoryId.of(lease.getId());
                if (neverEnds.test(id)) {
                    continue;
                }
                int n = 1 + (int) (lease.getId().getDraw() % 5);
                long[] versions = new long[n];
                java.util.Arrays.fill(versions, version);
                Trajectory t = Trajectory.newBuilder()
                        .setId(lease.getId())
                        .setAttempt(lease.getAttempt())
                        .setPromptIds(lease.getPromptIds())
                        .setCompletionIds(Tensors.ofInts(new int[n]))
                        .setBehaviourLogprobs(Tensors.ofFloats(new float[n]))
                        .setVersions(Tensors.ofLongs(versions))
                        .setSampledAtUs(Tensors.ofLongs(new long[n]))
                        .setFinishReason(
                                cut.test(id) ? FinishReason.FINISH_REASON_DEADLINE : FinishReason.FINISH_REASON_EOS)
                        .addWeightsFingerprint(claims.isEmpty() ? published.get(version) : claims)
                        .setNode(name)
                        .build();
                ledger.tell(new Arrived(t, (epoch, position) -> acknowledged.add(position)));
            }
        }
    }

    final class PlayedTraining implements Training {
        private float weight;

        @Override
        public Outcome train(long step, List<ScoredTrajectory> batch) {
            if (skip.isPresent()) {
                return new Outcome(Map.of(), 0, 0, skip);
            }
            assertThat(batch).hasSizeLessThanOrEqualTo(BATCH);
            batches.add(batch);
            weight++;
            return new Outcome(Map.of("loss/policy_avg", 0.5), step * 10, step * 10 + 5, Optional.empty());
        }

        @Override
        public PolicyWeights weights() {
            TensorSet set = TensorSet.of(Map.of("w", HostTensor.ofFloats(new float[] {weight}, 1)));
            return new PolicyWeights(Map.of("policy", set));
        }

        @Override
        public Path checkpoint(long step, Map<String, String> documents) {
            assertThat(LedgerJson.read(documents.get("ledger.json")).version()).isEqualTo(step);
            checkpoints.add(step);
            return Path.of("step-" + step);
        }

        @Override
        public void close() {}
    }
}
