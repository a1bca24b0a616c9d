package dev.troupe.proto;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.troupe.proto.v1.Ack;
import dev.troupe.proto.v1.Address;
import dev.troupe.proto.v1.Failure;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.proto.v1.Lease;
import dev.troupe.proto.v1.LeaseGrant;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreKind;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.proto.v1.SequenceRange;
import dev.troupe.proto.v1.TokenBatch;
import dev.troupe.proto.v1.Trajectory;
import dev.troupe.proto.v1.TrajectoryId;
import dev.troupe.proto.v1.WeightChunk;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One message of each type with a value in every field: what the golden files hold. Never change these values. */
final class Samples {
    static final Address PRODUCER = Address.newBuilder()
            .setNode("rollout-1")
            .setHost("127.0.0.2")
            .setPort(40_456)
            .build();
    static final long INCARNATION = 0x1234_5678_9abc_def0L;
    static final String FINGERPRINT_A = "a".repeat(64);
    static final String FINGERPRINT_B = "b".repeat(64);

    private Samples() {}

    /** Every message that travels by itself, by the name of its golden file. */
    static Map<String, Message> messages() {
        Map<String, Message> messages = new LinkedHashMap<>();
        messages.put("ack", ack());
        messages.put("lease_grant", leaseGrant());
        messages.put("trajectory", trajectory());
        messages.put("score_request", scoreRequest());
        messages.put("score_answer", scoreAnswer());
        messages.put("weight_chunk", weightChunk());
        messages.put("given_lease_grant", givenLeaseGrant());
        messages.put("given_trajectory", trajectory().toBuilder().setGiven(true).build());
        messages.put("teacher_request", teacherRequest());
        messages.put("teacher_answer", teacherAnswer());
        return messages;
    }

    static TrajectoryId id(long draw, int sample) {
        return TrajectoryId.newBuilder().setDraw(draw).setSample(sample).build();
    }

    static Ack ack() {
        return Ack.newBuilder()
                .setIncarnation(INCARNATION)
                .setStream(3)
                .addHeld(SequenceRange.newBuilder().setFirst(1).setLast(300))
                .addHeld(SequenceRange.newBuilder().setFirst(302).setLast(302))
                .setEpoch(0x0fed_cba9_8765_4321L)
                .setPosition(77_000)
                .build();
    }

    static LeaseGrant leaseGrant() {
        return LeaseGrant.newBuilder()
                .addLeases(Lease.newBuilder()
                        .setId(id(41, 7))
                        .setAttempt(2)
                        .setSeed(42)
                        .setDeadlineMs(30_000)
                        .setPromptIds(Tensors.ofInts(1, 403, 407, 261)))
                .addLeases(Lease.newBuilder()
                        .setId(id(42, 0))
                        .setAttempt(1)
                        .setSeed(42)
                        .setDeadlineMs(30_000)
                        .setPromptIds(Tensors.ofInts(1)))
                .build();
    }

    static Trajectory trajectory() {
        return Trajectory.newBuilder()
                .setId(id(41, 7))
                .setAttempt(2)
                .setPromptIds(Tensors.ofInts(1, 403, 407))
                .setCompletionIds(Tensors.ofInts(12, 511, 2))
                .setBehaviourLogprobs(Tensors.ofFloats(-0.5f, -1.25f, -0.0078125f))
                .setKeptMass(Tensors.ofFloats(1f, 0.75f, 0.5f))
                .setVersions(Tensors.ofLongs(5, 5, 6))
                .setFinishReason(FinishReason.FINISH_REASON_EOS)
                .setSeed(42)
                .addWeightsFingerprint(FINGERPRINT_A)
                .addWeightsFingerprint(FINGERPRINT_B)
                .setNode("rollout-1")
                .setSampledAtUs(Tensors.ofLongs(1_767_225_600_000_000L, 1_767_225_600_001_000L, 1_767_225_600_002_500L))
                .build();
    }

    static ScoreRequest scoreRequest() {
        return ScoreRequest.newBuilder()
                .setRequest(9)
                .setKind(ScoreKind.SCORE_KIND_VALUE)
                .setBatch(TokenBatch.newBuilder()
                        .setIds(Tensors.ofInts(1, 403, 12, 2, 1, 7))
                        .setLengths(Tensors.ofInts(4, 2))
                        .setPromptLengths(Tensors.ofInts(2, 1)))
                .addIds(id(41, 7))
                .addIds(id(42, 0))
                .setDeadlineMs(20_000)
                .setTemperature(0.75)
                .addFinishReasons(FinishReason.FINISH_REASON_EOS)
                .addFinishReasons(FinishReason.FINISH_REASON_LENGTH)
                .build();
    }

    static ScoreAnswer scoreAnswer() {
        return ScoreAnswer.newBuilder()
                .setRequest(9)
                .setKind(ScoreKind.SCORE_KIND_VALUE)
                .addRows(RowScore.newBuilder()
                        .setId(id(41, 7))
                        .setName("value")
                        .setValues(Tensors.ofFloats(0.5f, 0.25f, -1f)))
                .addRows(RowScore.newBuilder()
                        .setId(id(42, 0))
                        .setName("value")
                        .setFailure(Failure.newBuilder()
                                .setCode("deadline")
                                .setMessage("no answer within 20000 ms")
                                .setRetryable(true)))
                .setModelVersion(6)
                .setBusyUs(1234)
                .build();
    }

    static LeaseGrant givenLeaseGrant() {
        return LeaseGrant.newBuilder()
                .addLeases(leaseGrant().getLeases(0).toBuilder().setCompletionIds(Tensors.ofInts(12, 511, 2)))
                .build();
    }

    static ScoreRequest teacherRequest() {
        return scoreRequest().toBuilder()
                .setKind(ScoreKind.SCORE_KIND_TEACHER)
                .setTopK(2)
                .build();
    }

    static ScoreAnswer teacherAnswer() {
        return ScoreAnswer.newBuilder()
                .setRequest(9)
                .setKind(ScoreKind.SCORE_KIND_TEACHER)
                .addRows(RowScore.newBuilder()
                        .setId(id(41, 7))
                        .setName("soft_targets")
                        .setValues(Tensors.of(
                                HostTensor.ofFloats(new float[] {-0.5f, -1.25f, -3f, -0.25f, -2f, -2.5f}, 2, 3)))
                        .setIds(Tensors.of(HostTensor.ofInts(new int[] {12, 3, 2, 511}, 2, 2)))
                        .setFirst(5))
                .addRows(RowScore.newBuilder()
                        .setId(id(42, 0))
                        .setName("soft_targets")
                        .setValues(Tensors.of(HostTensor.ofFloats(new float[] {-0.5f, -1f, -2f, -4f}, 1, 4))))
                .setModelVersion(6)
                .setBusyUs(1234)
                .build();
    }

    static WeightChunk weightChunk() {
        return WeightChunk.newBuilder()
                .setSet("policy")
                .setVersion(6)
                .setIndex(1)
                .setCount(3)
                .setData(ByteString.copyFrom(new byte[] {0, 1, 2, (byte) 0xff}))
                .build();
    }

    /** A set with every element type that arrays make, an empty tensor and a scalar. */
    static TensorSet tensorSet() {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        tensors.put("z.weight", HostTensor.ofFloats(new float[] {1, 2, 3, 4, 5, 6}, 2, 3));
        tensors.put("a.bias", HostTensor.ofLongs(new long[] {-1}));
        tensors.put("empty", HostTensor.ofFloats(new float[0]));
        tensors.put("m.ids", HostTensor.ofInts(new int[] {7, 8}));
        return TensorSet.of(tensors);
    }

    static byte[] stream(TensorSet set) {
        return ByteString.copyFrom(chunks(set, 1 << 20)).toByteArray();
    }

    static List<ByteString> chunks(TensorSet set, int chunkBytes) {
        TensorStream stream = set.stream(chunkBytes);
        return java.util.stream.IntStream.range(0, stream.chunks())
                .mapToObj(stream::chunk)
                .toList();
    }
}
