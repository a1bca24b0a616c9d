package dev.troupe.learner.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
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
import dev.troupe.cluster.protocol.TrajectoryRef;
import dev.troupe.cluster.protocol.WeightsCommand;
import dev.troupe.learner.algorithm.Needs;
import dev.troupe.learner.assembly.Assembler;
import dev.troupe.learner.assembly.AssemblerSettings;
import dev.troupe.learner.assembly.ScoringTimes;
import dev.troupe.learner.experience.ScoredTrajectory;
import dev.troupe.learner.ledger.GroupCounts;
import dev.troupe.learner.ledger.GroupRules;
import dev.troupe.learner.ledger.LedgerActor;
import dev.troupe.learner.ledger.LedgerCounts;
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
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.proto.v1.Trajectory;
import dev.troupe.proto.v1.TrajectoryId;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The learner's actors without a model: rollouts, scorers and training are played, everything between them is real. */
class LearnerFlowTest {
    private static final int BATCH = 6;
    private static final int SAMPLES = 2;
    private static final int MOST_UNSCORED = 20;
    private static final Duration LONG = Duration.ofSeconds(60);

    private final ActorTestKit kit = ActorTestKit.create();
    private final Map<String, Rollout> rollouts = new ConcurrentHashMap<>();
    private final Map<Long, String> published = new ConcurrentHashMap<>();
    private final List<List<ScoredTrajectory>> batches = new CopyOnWriteArrayList<>();
    private final ConcurrentLinkedQueue<Long> acknowledged = new ConcurrentLinkedQueue<>();
    private final List<Long> checkpoints = new CopyOnWriteArrayList<>();
    private final List<StepReport> reports = new CopyOnWriteArrayList<>();
    private final List<List<TrajectoryRef>> requests = new CopyOnWriteArrayList<>();
    private GroupRules rules = GroupRules.SINGLE;
    private int samples = SAMPLES;
    private Predicate<TrajectoryRef> rewardFails = id -> false;
    private Predicate<TrajectoryRef> cut = id -> false;
    private Predicate<TrajectoryRef> neverEnds = id -> false;
    private Duration leaseExpiry = LONG;
    private Predicate<Long> allEqual = draw -> false;
    private volatile Optional<String> skip = Optional.empty();
    private volatile ActorRef<LedgerCommand> ledger;
    private volatile ActorRef<Assembler.Command> assembler;
    private volatile ActorRef<LearnerActor.Command> learner;

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
    }

    @Test
    void trainsEveryStepAndTheBooksAddUp() throws Exception {
        CompletableFuture<RunReport> run = start(2, 8);
        scorers();
        join("a", 4);
        join("b", 3);
        RunReport report = run.get(60, TimeUnit.SECONDS);
        assertThat(report.status()).isEqualTo("done");
        assertThat(report.ledger()).isEqualTo(new LedgerCounts(48, 0, 0, 48, 0));
        assertThat(report.stalenessMax()).isBetween(0L, 2L);
        assertThat(batches).hasSize(8);
        Set<TrajectoryRef> ids = new HashSet<>();
        batches.forEach(b -> b.forEach(
                t -> assertThat(ids.add(t.trajectory().id())).as("trained once").isTrue()));
        assertThat(ids).hasSize(48);
        assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(48);
        assertThat(checkpoints).contains(8L);
        assertThat(reports).extracting(StepReport::step).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
    }

    @Test
    void joinsEachTrajectoryWithItsOwnScores() throws Exception {
        CompletableFuture<RunReport> run = start(0, 2);
        scorers();
        join("a", 4);
        run.get(60, TimeUnit.SECONDS);
        for (List<ScoredTrajectory> batch : batches) {
            for (ScoredTrajectory t : batch) {
                TrajectoryRef id = t.trajectory().id();
                assertThat(t.scores().reward()).isEqualTo(rewardOf(id));
                assertThat(t.scores().reference()).hasSize(t.trajectory().row().completionLength());
                assertThat(t.scores().values()).hasSize(t.trajectory().row().completionLength() + 1);
            }
        }
    }

    @Test
    void aScorerThatFailsARowDropsItByNameAndDrawsAnother() throws Exception {
        rewardFails = id -> id.draw() == 1;
        CompletableFuture<RunReport> run = start(1, 3);
        scorers();
        join("a", 4);
        RunReport report = run.get(60, TimeUnit.SECONDS);
        assertThat(report.ledger()).isEqualTo(new LedgerCounts(20, 0, 0, 18, 2));
    }

    @Test
    void aScorerThatFailsEveryRowEndsTheRunWithItsReasonAfterABoundedNumber() throws Exception {
        rewardFails = id -> id.draw() * SAMPLES + id.sample() >= 9;
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        join("a", 4);
        assertThatThrownBy(() -> run.get(60, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("step 2: ")
                .hasMessageContaining("trajectories in a row got no score")
                .hasMessageContaining("THREW: no");
        assertThat(batches).hasSize(1);
    }

    /** Prompts 1, 4, 7... have equal rewards, completion 2 of prompt 3 has none, and completion 0 of prompt 0 is cut. */
    @Test
    void groupsStayWholeFilteredOnesAreReplacedAndOneThatLostAMemberIsTrainedWithTheOthers() throws Exception {
        rules = new GroupRules(true, 2, true);
        samples = 3;
        allEqual = draw -> draw % 3 == 1;
        rewardFails = new TrajectoryRef(3, 2)::equals;
        cut = new TrajectoryRef(0, 0)::equals;
        CompletableFuture<RunReport> run = start(0, 3);
        scorers();
        join("a", 4);
        join("b", 3);
        RunReport report = run.get(60, TimeUnit.SECONDS);
        // By hand: 0 2, 3 5, 6 8 are trained, two of three in 3; 1, 4 and 7 are filtered.
        assertThat(batches)
                .extracting(
                        b -> b.stream().map(t -> t.trajectory().id().toString()).toList())
                .containsExactly(
                        List.of("0/0", "0/1", "0/2", "2/0", "2/1", "2/2"),
                        List.of("3/0", "3/1", "5/0", "5/1", "5/2"),
                        List.of("6/0", "6/1", "6/2", "8/0", "8/1", "8/2"));
        assertThat(report.ledger()).isEqualTo(new LedgerCounts(27, 0, 0, 17, 10));
        assertThat(batches.get(0).get(0).trajectory().finishReason()).isEqualTo(FinishReason.FINISH_REASON_DEADLINE);
        assertThat(reports).extracting(r -> r.metrics().get("groups/filtered")).containsExactly(1L, 1L, 1L);
        assertThat(reports).extracting(r -> r.metrics().get("groups/short")).containsExactly(0L, 1L, 0L);
        assertThat(reports).extracting(r -> r.metrics().get("episode")).containsExactly(6L, 11L, 17L);
        // Requests of 4 rows by place; what does not fill one goes when nothing more is to come, and so alone.
        assertThat(requests.stream().map(Object::toString).distinct().sorted())
                .containsExactlyInAnyOrder(
                        "[0/0, 0/1, 0/2, 1/0]",
                        "[1/1, 1/2]",
                        "[2/0, 2/1]",
                        "[2/2]",
                        "[3/0, 3/1, 3/2]",
                        "[4/0, 4/1, 4/2]",
                        "[5/0]",
                        "[5/1, 5/2]",
                        "[6/0, 6/1]",
                        "[6/2, 7/0, 7/1, 7/2]",
                        "[8/0, 8/1, 8/2]");
    }

    @Test
    void promptsThatAllHaveEqualRewardsEndTheRunWithWhatToDo() throws Exception {
        rules = new GroupRules(true, 2, true);
        allEqual = draw -> draw >= 3;
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        join("a", 4);
        assertThatThrownBy(() -> run.get(60, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("step 2: ")
                .hasMessageContaining(" groups in a row had equal rewards")
                .hasMessageContaining("all 2 rewards of draw ")
                .hasMessageContaining("dynamic_sampling = false");
        assertThat(batches).hasSize(1);
    }

    @Test
    void aScorerThatLeavesNoGroupEnoughMembersEndsTheRunWithItsReason() throws Exception {
        rules = new GroupRules(true, 2, false);
        rewardFails = id -> id.sample() == 1;
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        join("a", 4);
        assertThatThrownBy(() -> run.get(60, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("step 1: 20 trajectories")
                .hasMessageContaining("THREW: no");
    }

    /** Without staleness requests wait to be full: one for a member that never comes must not wait for ever. */
    @Test
    void aMemberWhoseLeaseRunsOutForGoodIsWaitedForNoLonger() throws Exception {
        rules = new GroupRules(true, 2, false);
        samples = 3;
        leaseExpiry = Duration.ofMillis(1);
        neverEnds = new TrajectoryRef(0, 0)::equals;
        CompletableFuture<RunReport> run = start(0, 1);
        scorers();
        join("a", 4);
        RunReport report = run.get(60, TimeUnit.SECONDS);
        assertThat(report.ledger()).isEqualTo(new LedgerCounts(6, 0, 0, 5, 1));
        assertThat(batches.get(0))
                .extracting(t -> t.trajectory().id().toString())
                .containsExactly("0/1", "0/2", "1/0", "1/1", "1/2");
    }

    @Test
    void workOfADeadRolloutIsDoneByAnother() throws Exception {
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        Rollout silent = join("silent", 5);
        silent.deaf = true;
        silent.request(0);
        TestProbe<Object> probe = kit.createTestProbe();
        probe.awaitAssert(LONG, () -> {
            assertThat(silent.held).hasSizeGreaterThanOrEqualTo(5);
            return null;
        });
        kit.stop(silent.actor);
        join("a", 4);
        assertThat(run.get(60, TimeUnit.SECONDS).ledger()).isEqualTo(new LedgerCounts(24, 0, 0, 24, 0));
    }

    @Test
    void refusesTrajectoriesOfWeightsThatWereNeverPublished() throws Exception {
        CompletableFuture<RunReport> run = start(1, 2);
        scorers();
        Rollout liar = join("liar", 2);
        liar.claims = "00ff";
        join("a", 4);
        RunReport report = run.get(60, TimeUnit.SECONDS);
        assertThat(report.ledger().trained()).isEqualTo(12);
        assertThat(batches)
                .allSatisfy(b -> assertThat(b)
                        .allSatisfy(t -> assertThat(t.trajectory().node()).isEqualTo("a")));
    }

    @Test
    void stoppingEndsWithACheckpointAtAVersionsBoundary() throws Exception {
        CompletableFuture<RunReport> run = start(1, 1000);
        scorers();
        join("a", 4);
        TestProbe<Object> probe = kit.createTestProbe();
        probe.awaitAssert(LONG, () -> {
            assertThat(reports).hasSizeGreaterThan(2);
            return null;
        });
        learner.tell(new LearnerActor.Stop());
        RunReport report = run.get(60, TimeUnit.SECONDS);
        assertThat(report.status()).isEqualTo("interrupted");
        assertThat(checkpoints).containsExactly(report.steps());
        assertThat(report.ledger().trained()).isEqualTo(report.steps() * BATCH);
    }

    @Test
    void skippedUpdatesEndTheRunWithTheirReason() {
        skip = Optional.of("policy gradient of lm_head is NaN");
        CompletableFuture<RunReport> run = start(1, 4);
        scorers();
        join("a", 4);
        assertThatThrownBy(() -> run.get(60, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasMessageContaining("3 updates in a row")
                .hasMessageContaining("lm_head is NaN");
    }

    private float rewardOf(TrajectoryRef id) {
        return id.draw() * 10 + (allEqual.test(id.draw()) ? 0 : id.sample());
    }

    private CompletableFuture<RunReport> start(int eta, long steps) {
        LedgerSettings settings = new LedgerSettings(7, LONG, leaseExpiry, 1, eta + 2, MOST_UNSCORED);
        PublishTimes publishing = new PublishTimes();
        ScoringTimes scoring = new ScoringTimes();
        ledger = kit.spawn(
                LedgerActor.create(
                        new PromptLedger(BATCH, samples, eta, steps, rules),
                        settings,
                        new LedgerActor.Surroundings(
                                draw -> new int[] {1, (int) draw + 10},
                                new PlayedLeases(),
                                held -> assembler.tell(
                                        new Assembler.Held(held.trajectories(), held.neverCame(), held.quiet())))),
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
                            published.put(
                                    p.version(), PolicyWeights.of(p.sets()).sha256());
                            rollouts.values().forEach(r -> r.request(p.version()));
                            return Behaviors.same();
                        })
                        .build(),
                "publisher");
        CompletableFuture<RunReport> ended = new CompletableFuture<>();
        Parity parity = new Parity(null, null, 1.0, 0, eta + 1);
        LearnerActor.Surroundings around = new LearnerActor.Surroundings(
                ledger,
                publisher,
                parity,
                new StepMetrics(scoring, publishing, Map::of, eta, new GroupCounts(0, 0)),
                reports::add,
                ForkJoinPool.commonPool());
        learner = kit.spawn(
                LearnerActor.create(new LearnerActor.Settings(steps, 0, 0, LONG), new PlayedTraining(), around, ended),
                "learner");
        return ended;
    }

    private final class PlayedLeases implements LedgerActor.LeaseSender {
        @Override
        public void send(AeronAddress to, LeaseGrant grant, long policyVersion) {
            rollouts.get(to.node()).granted(grant);
        }

        @Override
        public void forget(AeronAddress rollout) {}
    }

    private Rollout join(String name, int capacity) {
        Rollout rollout = new Rollout(name, capacity);
        rollouts.put(name, rollout);
        published.keySet().stream().max(Long::compare).ifPresent(rollout::request);
        return rollout;
    }

    private void scorers() {
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

    private void answer(ScoreRequest request) {
        requests.add(request.getIdsList().stream()
                .map(id -> new TrajectoryRef(id.getDraw(), id.getSample()))
                .toList());
        ScoreAnswer.Builder answer =
                ScoreAnswer.newBuilder().setRequest(request.getRequest()).setKind(request.getKind());
        int[] lengths = Tensors.ints(request.getBatch().getLengths());
        int[] prompts = Tensors.ints(request.getBatch().getPromptLengths());
        for (int r = 0; r < lengths.length; r++) {
            TrajectoryId id = request.getIds(r);
            TrajectoryRef ref = new TrajectoryRef(id.getDraw(), id.getSample());
            RowScore.Builder row = RowScore.newBuilder().setId(id);
            int n = lengths[r] - prompts[r];
            switch (request.getKind()) {
                case SCORE_KIND_REFERENCE -> row.setValues(Tensors.ofFloats(new float[n]));
                case SCORE_KIND_VALUE -> row.setValues(Tensors.ofFloats(new float[n + 1]));
                default -> {
                    if (rewardFails.test(ref)) {
                        row.setFailure(Failure.newBuilder().setCode("THREW").setMessage("no"));
                    } else {
                        row.setValues(Tensors.ofFloats(rewardOf(ref)));
                    }
                }
            }
            answer.addRows(row);
        }
        assembler.tell(new Assembler.Answered(answer.build()));
    }

    /** Answers every lease at once, in the version it has. */
    private final class Rollout {
        final String name;
        final int capacity;
        final ActorRef<RolloutCommand> actor;
        final List<Lease> held = new CopyOnWriteArrayList<>();
        volatile long live;
        volatile boolean deaf;
        volatile String claims = "";

        Rollout(String name, int capacity) {
            this.name = name;
            this.capacity = capacity;
            this.actor = kit.spawn(Behaviors.receive(RolloutCommand.class).build(), name);
        }

        /** The test and the publisher both ask; a version that comes late is not taken, as in a rollout. */
        synchronized void request(long version) {
            if (version < live) {
                return;
            }
            live = version;
            String hash = published.getOrDefault(version, "");
            ledger.tell(new WorkRequest(name, 1, new AeronAddress(name, "", 1), capacity, version, hash, actor));
        }

        void granted(LeaseGrant grant) {
            held.addAll(grant.getLeasesList());
            if (deaf) {
                return;
            }
            List<Lease> now = new ArrayList<>(grant.getLeasesList());
            for (Lease lease : now) {
                TrajectoryRef id = new TrajectoryRef(
                        lease.getId().getDraw(), lease.getId().getSample());
                if (neverEnds.test(id)) {
                    continue;
                }
                int n = 1 + (int) (lease.getId().getDraw() % 5);
                long[] versions = new long[n];
                java.util.Arrays.fill(versions, live);
                Trajectory t = Trajectory.newBuilder()
                        .setId(lease.getId())
                        .setAttempt(lease.getAttempt())
                        .setPromptIds(lease.getPromptIds())
                        .setCompletionIds(Tensors.ofInts(new int[n]))
                        .setBehaviourLogprobs(Tensors.ofFloats(new float[n]))
                        .setVersions(Tensors.ofLongs(versions))
                        .setSampledAtUs(Tensors.ofLongs(new long[n]))
                        .setFinishReason(
                                cut.test(id)
                                        ? FinishReason.FINISH_REASON_DEADLINE
                                        : FinishReason.FINISH_REASON_EOS)
                        .addWeightsSha256(claims.isEmpty() ? published.get(live) : claims)
                        .setNode(name)
                        .build();
                ledger.tell(new Arrived(t, (epoch, position) -> acknowledged.add(position)));
            }
        }
    }

    private final class PlayedTraining implements Training {
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
            return PolicyWeights.of(Map.of("policy", set));
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
