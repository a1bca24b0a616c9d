package dev.troupe.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.ClusterSettings;
import dev.troupe.cluster.protocol.LedgerCommand.Leaving;
import dev.troupe.cluster.protocol.LedgerCommand.WorkRequest;
import dev.troupe.cluster.protocol.RolloutCommand;
import dev.troupe.cluster.protocol.WeightsCommand.ChunkRange;
import dev.troupe.cluster.protocol.WeightsCommand.ChunksMissing;
import dev.troupe.cluster.protocol.WeightsCommand.Subscribe;
import dev.troupe.cluster.protocol.WeightsCommand.VersionLive;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.DecodeEngine;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.TensorThread;
import dev.troupe.model.WholeModel;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.Trajectory;
import dev.troupe.transport.AeronNode;
import dev.troupe.transport.Delivery;
import dev.troupe.transport.TransportSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real actor over a real cluster node and a real media driver; only the learner is played. */
class RolloutActorTest {
    private static final ModelConfig MODEL = TinyModel.config(64, List.of(2));
    private static final TensorSet FIRST = TinyModel.weights(MODEL, 5);
    private static final TensorSet SECOND = TinyModel.weights(MODEL, 6);
    private static final int[] PROMPT = {1, 5, 9};
    private static final RolloutSettings SETTINGS = RolloutSettings.from(ConfigFactory.parseString(
            "rollout { slots = 4, prefetch = 2, drain_deadline = 60s }, max_new_tokens = 20"));

    @TempDir
    Path journals;

    private final CompletableFuture<String> ended = new CompletableFuture<>();
    private ClusterNode cluster;
    private AeronNode aeron;
    private ActorRef<RolloutCommand> actor;
    private PlayedLearner learner;

    @BeforeEach
    void start() {
        cluster = ClusterNode.start(ClusterSettings.from(ConfigFactory.empty()), "test", Set.of("learner"))
                .awaitUp();
        aeron = AeronNode.start(TransportSettings.from(ConfigFactory.parseString(
                "transport { resend_after = 200ms, weights { chunk_bytes = 4096, quiet = 100ms } }")));
    }

    @AfterEach
    void stop() {
        cluster.close();
        aeron.close();
    }

    private void startRollout() {
        RolloutSetup setup = new RolloutSetup(
                "r0",
                aeron,
                null,
                SETTINGS,
                new WholeModel(MODEL),
                EndOfText.at(MODEL.eosIds()),
                journals.resolve("rollouts"));
        actor = cluster.spawn(RolloutActor.create(setup, ended), "r0");
    }

    private void startLearner() {
        learner = new PlayedLearner(cluster, aeron, "learner");
    }

    private WorkRequest startWithFirstVersion() throws Exception {
        startLearner();
        startRollout();
        learner.publish(subscription(), 0, FIRST, 0);
        return learner.workRequest(r -> r.liveVersion() == 0);
    }

    private Subscribe subscription() throws InterruptedException {
        return PlayedLearner.next(learner.toPublisher, Subscribe.class, s -> true);
    }

    private List<String> journal() throws Exception {
        return Files.readAllLines(journals.resolve("rollouts").resolve("r0.jsonl"));
    }

    @Test
    void whatItSamplesIsWhatTheBatcherSamplesAlone() throws Exception {
        WorkRequest request = startWithFirstVersion();
        assertThat(request.capacity()).isEqualTo(6);
        assertThat(request.liveFingerprint()).isEqualTo(FIRST.fingerprint());
        TrajectoryId[] ids = {
            new TrajectoryId(3, 0), new TrajectoryId(3, 1), new TrajectoryId(3, 2), new TrajectoryId(4, 0)
        };
        learner.lease(request, 99, PROMPT, ids);
        for (int i = 0; i < ids.length; i++) {
            Delivery delivery = learner.trajectory();
            Trajectory t = PlayedLearner.body(delivery);
            TrajectoryId id = TrajectoryId.of(t.getId());
            Completion alone = alone(SampleRequest.of(id, 99, PROMPT, 20));
            assertThat(Tensors.ints(t.getCompletionIds())).isEqualTo(alone.ids());
            assertThat(Tensors.floats(t.getBehaviourLogprobs())).isEqualTo(alone.logprobs());
            assertThat(t.getFinishReason()).isEqualTo(alone.finishReason());
            assertThat(Tensors.longs(t.getVersions())).containsOnly(0).hasSize(alone.length());
            assertThat(t.getWeightsFingerprintList()).containsExactly(FIRST.fingerprint());
            assertThat(t.getNode()).isEqualTo("r0");
            assertThat(t.getSeed()).isEqualTo(99);
            assertThat(journal())
                    .as("written before it was sent")
                    .anyMatch(line -> line.contains("\"finished\",\"id\":\"" + id + "\""));
            delivery.ack(1, i + 1);
        }
        VersionLive live = PlayedLearner.next(learner.toPublisher, VersionLive.class, v -> true);
        assertThat(live.fingerprint()).isEqualTo(FIRST.fingerprint());
        actor.tell(new RolloutCommand.Drain("test"));
        assertThat(ended.get(60, TimeUnit.SECONDS)).isEqualTo("drained: test");
        assertThat(journal()).hasSize(8);
        for (TrajectoryId id : ids) {
            assertThat(journal())
                    .filteredOn(l -> l.contains("\"acked\",\"id\":\"" + id + "\""))
                    .hasSize(1);
        }
    }

    private static Completion alone(SampleRequest request) {
        try (TensorThread thread = TensorThread.start("alone", 1)) {
            return thread.call(() -> {
                DecodeEngine engine = DecodeEngine.open(MODEL, FIRST, 4, 64, SETTINGS.sampling());
                try (ContinuousBatcher batcher = new ContinuousBatcher(engine, EndOfText.at(MODEL.eosIds()), 0)) {
                    return batcher.runAll(List.of(request)).get(0);
                }
            });
        }
    }

    @Test
    void itWaitsForALearnerThatComesLaterAndTakesItsVersionsWithTheirMissingPieces() throws Exception {
        startRollout();
        startLearner();
        Subscribe subscribe = subscription();
        learner.publish(subscribe, 0, FIRST, 1);
        ChunksMissing missing = PlayedLearner.next(learner.toPublisher, ChunksMissing.class, m -> true);
        assertThat(missing.ranges()).containsExactly(new ChunkRange(0, 0));
        learner.send(missing);
        WorkRequest first = learner.workRequest(r -> r.liveVersion() == 0);
        learner.publish(subscribe, 1, SECOND, 0);
        WorkRequest second = learner.workRequest(r -> r.liveVersion() == 1);
        assertThat(second.liveFingerprint()).isEqualTo(SECOND.fingerprint()).isNotEqualTo(first.liveFingerprint());
        learner.lease(second, 7, PROMPT, new TrajectoryId(0, 0));
        Delivery delivery = learner.trajectory();
        delivery.ack(1, 1);
        assertThat(PlayedLearner.body(delivery).getWeightsFingerprintList()).containsExactly(SECOND.fingerprint());
        VersionLive live = PlayedLearner.next(learner.toPublisher, VersionLive.class, v -> v.version() == 1);
        assertThat(live.fingerprint()).isEqualTo(SECOND.fingerprint());
        actor.tell(new RolloutCommand.RunEnded("done"));
        assertThat(ended.get(60, TimeUnit.SECONDS)).isEqualTo("run ended: done");
    }

    @Test
    void weightsOfAnotherHashAreNeverUsed() throws Exception {
        startLearner();
        startRollout();
        Subscribe subscribe = subscription();
        learner.publishAs(subscribe, 0, FIRST, SECOND.fingerprint());
        // Refused: it subscribes again, and then the honest version is taken.
        learner.publish(subscription(), 1, SECOND, 0);
        WorkRequest request = learner.workRequest(r -> true);
        assertThat(request.liveVersion()).isEqualTo(1);
        assertThat(request.liveFingerprint()).isEqualTo(SECOND.fingerprint());
    }

    @Test
    void anEngineThatCannotOpenTakesNoLease() throws Exception {
        startLearner();
        startRollout();
        learner.publish(subscription(), 0, TensorSet.of(Map.of()), 0);
        assertThatThrownBy(() -> ended.get(60, TimeUnit.SECONDS)).hasMessageContaining("model.embed_tokens.weight");
        assertThat(learner.toLedger).noneMatch(WorkRequest.class::isInstance);
    }

    @Test
    void aLeaseWhosePromptDoesNotFitEndsTheRolloutWithTheReason() throws Exception {
        WorkRequest request = startWithFirstVersion();
        learner.lease(request, 1, new int[60], new TrajectoryId(8, 1));
        assertThatThrownBy(() -> ended.get(60, TimeUnit.SECONDS))
                .hasMessageContaining("completion 8/1")
                .hasMessageContaining("context of 64");
    }

    @Test
    void itStaysUntilItsLastTrajectoryIsAcknowledged() throws Exception {
        WorkRequest request = startWithFirstVersion();
        learner.lease(request, 1, PROMPT, new TrajectoryId(0, 0));
        Delivery delivery = learner.trajectory();
        actor.tell(new RolloutCommand.Drain("test"));
        PlayedLearner.next(learner.toLedger, Leaving.class, l -> true);
        assertThat(ended).isNotDone();
        assertThat(journal()).hasSize(1);
        delivery.ack(1, 1);
        assertThat(ended.get(60, TimeUnit.SECONDS)).isEqualTo("drained: test");
        assertThat(journal().get(1)).contains("\"acked\",\"id\":\"0/0\"").contains("\"sequence\":1");
    }

    @Test
    void aStationNameInUseIsAnErrorAtOnce() throws Exception {
        aeron.open("r0", null);
        startRollout();
        assertThatThrownBy(() -> ended.get(60, TimeUnit.SECONDS)).hasMessageContaining("'r0'");
    }

    @Test
    void aNameThatAnotherLiveRolloutHasEndsItWithTheReason() throws Exception {
        WorkRequest request = startWithFirstVersion();
        request.rollout().tell(new RolloutCommand.NameTaken("the name r0 is taken"));
        assertThatThrownBy(() -> ended.get(60, TimeUnit.SECONDS))
                .hasCauseInstanceOf(RolloutException.class)
                .hasMessageContaining("the name r0 is taken");
    }

    @Test
    void everyCommandHasAHandler() throws Exception {
        String source = Files.readString(Path.of("src/main/java/dev/troupe/rollout/RolloutActor.java"));
        List<Class<?>> commands = new ArrayList<>(List.of(RolloutCommand.class.getDeclaredClasses()));
        for (Class<?> nested : RolloutActor.class.getDeclaredClasses()) {
            if (RolloutCommand.class.isAssignableFrom(nested)) {
                commands.add(nested);
            }
        }
        assertThat(commands)
                .hasSizeGreaterThan(10)
                .allSatisfy(command -> assertThat(source).contains(".onMessage(" + command.getSimpleName() + ".class"));
    }

    @Test
    void drainingGivesUnstartedLeasesBackAndWaitsForTheLastAcknowledgement() throws Exception {
        WorkRequest request = startWithFirstVersion();
        List<TrajectoryId> ids = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            ids.add(new TrajectoryId(i, 0));
        }
        learner.lease(request, 1, PROMPT, ids.toArray(TrajectoryId[]::new));
        Delivery first = learner.trajectory();
        actor.tell(new RolloutCommand.Drain("SIGTERM"));
        Leaving leaving = PlayedLearner.next(learner.toLedger, Leaving.class, l -> true);
        List<Delivery> others = new ArrayList<>();
        for (int i = 0; i < ids.size() - 1 - leaving.unstarted().size(); i++) {
            others.add(learner.trajectory());
        }
        assertThat(ended).as("the acknowledgements are outstanding").isNotDone();
        others.forEach(d -> d.ack(1, 0));
        first.ack(1, 0);
        assertThat(ended.get(60, TimeUnit.SECONDS)).isEqualTo("drained: SIGTERM");
        assertThat(journal().stream().filter(l -> l.contains("acked")).count())
                .isEqualTo(ids.size() - leaving.unstarted().size());
    }
}
