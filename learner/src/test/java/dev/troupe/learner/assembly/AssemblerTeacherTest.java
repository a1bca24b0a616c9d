package dev.troupe.learner.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.LedgerCommand;
import dev.troupe.cluster.protocol.ScorerCommand;
import dev.troupe.cluster.protocol.ServiceKeys;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.experience.HeldTrajectory;
import dev.troupe.learner.ledger.LedgerMessages.Scored;
import dev.troupe.learner.ledger.LedgerMessages.Unscored;
import dev.troupe.model.SoftTargets;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreKind;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.train.algorithm.Distillation;
import dev.troupe.train.algorithm.Needs;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The assembler with a played teacher, whose answers come in pieces. */
class AssemblerTeacherTest {
    private static final int TOP_K = 2;
    private static final Duration LONG = Duration.ofSeconds(60);

    private final ActorTestKit kit = ActorTestKit.create();
    private final TestProbe<LedgerCommand> ledger = kit.createTestProbe();
    private final BlockingQueue<ScoreRequest> requests = new LinkedBlockingQueue<>();
    private ActorRef<Assembler.Command> assembler;
    private ActorRef<ScorerCommand> teacher;

    @BeforeEach
    void start() {
        AssemblerSettings settings = new AssemblerSettings(
                Needs.teacher(new Distillation(0.5, TOP_K, 1.5, 1, false)), 2, 2, 0.9, LONG, 2, Duration.ZERO);
        assembler = kit.spawn(Assembler.create(
                settings, 1, (to, request, version) -> requests.add(request), ledger.getRef(), new ScoringTimes()));
        join(ServiceKeys.REWARD, "reward");
        teacher = join(ServiceKeys.TEACHER, "teacher");
    }

    private ActorRef<ScorerCommand> join(ServiceKey<ScorerCommand> key, String name) {
        var played = Behaviors.receive(ScorerCommand.class)
                .onMessage(ScorerCommand.Describe.class, d -> {
                    d.replyTo()
                            .tell(new ScorerCommand.ScorerDescription(
                                    name, key.id(), new AeronAddress(name, "", 1), "played", ""));
                    return Behaviors.same();
                })
                .build();
        ActorRef<ScorerCommand> scorer = kit.spawn(played, name);
        kit.system().receptionist().tell(Receptionist.register(key, scorer));
        return scorer;
    }

    @AfterEach
    void stop() {
        kit.shutdownTestKit();
    }

    private static HeldTrajectory trajectory(long draw, int tokens) {
        return new HeldTrajectory(
                new TrajectoryId(draw, 0),
                1,
                TokenRow.of(new int[] {1}, new int[tokens]),
                new float[tokens],
                new long[tokens],
                new long[tokens],
                FinishReason.FINISH_REASON_EOS,
                List.of("a"),
                "rollout-1",
                false);
    }

    /** The request to the teacher; the one for rewards is answered. */
    private ScoreRequest asked() throws InterruptedException {
        ScoreRequest teacher = null;
        for (int i = 0; i < 2; i++) {
            ScoreRequest request = Objects.requireNonNull(requests.poll(60, TimeUnit.SECONDS));
            if (request.getKind() == ScoreKind.SCORE_KIND_TEACHER) {
                teacher = request;
                continue;
            }
            assertThat(request.getTopK()).isZero();
            ScoreAnswer.Builder answer = answer(request);
            request.getIdsList()
                    .forEach(id -> answer.addRows(
                            RowScore.newBuilder().setId(id).setValues(Tensors.ofFloats(id.getDraw() + 0.5f))));
            assembler.tell(new Assembler.Answered(answer.build()));
        }
        return Objects.requireNonNull(teacher);
    }

    private static ScoreAnswer.Builder answer(ScoreRequest request) {
        return ScoreAnswer.newBuilder().setRequest(request.getRequest()).setKind(request.getKind());
    }

    /** Numbers that tell their place: position p has tokens 10 p + 1 and 10 p + 2. */
    private static RowScore piece(long draw, int first, int count) {
        int[] ids = new int[count * TOP_K];
        float[] values = new float[count * (TOP_K + 1)];
        for (int i = 0; i < count; i++) {
            for (int k = 0; k < TOP_K; k++) {
                ids[i * TOP_K + k] = 10 * (first + i) + k + 1;
            }
            for (int k = 0; k <= TOP_K; k++) {
                values[i * (TOP_K + 1) + k] = -draw - (first + i) - k / 10f;
            }
        }
        return RowScore.newBuilder()
                .setId(new TrajectoryId(draw, 0).message())
                .setFirst(first)
                .setIds(Tensors.of(HostTensor.ofInts(ids, count, TOP_K)))
                .setValues(Tensors.of(HostTensor.ofFloats(values, count, TOP_K + 1)))
                .build();
    }

    private void tell(ScoreRequest request, RowScore... pieces) {
        assembler.tell(new Assembler.Answered(
                answer(request).addAllRows(List.of(pieces)).build()));
    }

    @Test
    void putsPiecesTogetherInWhateverOrderTheyCome() throws Exception {
        assembler.tell(new Assembler.Held(List.of(trajectory(0, 5), trajectory(1, 3)), List.of(), true));
        ScoreRequest request = asked();
        assertThat(request.getTopK()).isEqualTo(TOP_K);
        assertThat(request.getTemperature()).isEqualTo(1.5);
        tell(request, piece(0, 3, 2), piece(1, 0, 3));
        Scored second = ledger.expectMessageClass(Scored.class, LONG);
        assertThat(second.id().draw()).isEqualTo(1);
        tell(request, piece(0, 0, 2));
        tell(request, piece(0, 0, 2));
        tell(request, piece(0, 2, 1));
        Scored first = ledger.expectMessageClass(Scored.class, LONG);
        assertThat(first.id().draw()).isZero();
        assertThat(first.scores().reward()).isEqualTo(0.5f);
        SoftTargets targets = Objects.requireNonNull(first.scores().teacher());
        assertThat(targets.positions()).isEqualTo(5);
        assertThat(targets.topK()).isEqualTo(TOP_K);
        assertThat(targets.ids()).containsExactly(1, 2, 11, 12, 21, 22, 31, 32, 41, 42);
        for (int i = 0; i < 15; i++) {
            assertThat(targets.logprobs()[i]).isEqualTo(-(i / 3) - i % 3 / 10f);
        }
    }

    @Test
    void aPieceThatDoesNotFitGivesItsTrajectoryUpByName() throws Exception {
        assembler.tell(new Assembler.Held(List.of(trajectory(0, 2), trajectory(1, 2)), List.of(), true));
        ScoreRequest request = asked();
        tell(request, piece(0, 1, 2));
        assertThat(ledger.expectMessageClass(Unscored.class, LONG).reason())
                .contains("teacher at teacher: teacher answered positions 1 to 3 of a completion of 2");
        RowScore narrow = RowScore.newBuilder()
                .setId(new TrajectoryId(1, 0).message())
                .setFirst(1)
                .setValues(Tensors.of(HostTensor.ofFloats(new float[5], 1, 5)))
                .build();
        tell(request, piece(1, 0, 1), narrow);
        assertThat(ledger.expectMessageClass(Unscored.class, LONG).reason())
                .contains("teacher answered 5 numbers and 0 tokens a position after 3 and 2");
    }

    @Test
    void afterATeachersDeathOnlyWhatItOwedIsAskedAgain() throws Exception {
        assembler.tell(new Assembler.Held(List.of(trajectory(0, 2), trajectory(1, 2)), List.of(), true));
        ScoreRequest request = asked();
        tell(request, piece(0, 0, 2), piece(1, 0, 1));
        assertThat(ledger.expectMessageClass(Scored.class, LONG).id().draw()).isZero();
        kit.stop(teacher);
        join(ServiceKeys.TEACHER, "another");
        ScoreRequest again = Objects.requireNonNull(requests.poll(60, TimeUnit.SECONDS));
        assertThat(again.getIdsList()).extracting(TrajectoryId::of).containsExactly(new TrajectoryId(1, 0));
        tell(again, piece(1, 0, 2));
        assertThat(ledger.expectMessageClass(Scored.class, LONG).id().draw()).isEqualTo(1);
    }
}
