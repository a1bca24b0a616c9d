package dev.troupe.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Message;
import dev.troupe.proto.WireException.Code;
import dev.troupe.proto.v1.Address;
import dev.troupe.proto.v1.Envelope;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.proto.v1.ScoreKind;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.proto.v1.Trajectory;
import java.nio.ByteBuffer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class EnvelopesTest {
    private static final Envelope SOUND =
            Envelopes.envelope(Samples.PRODUCER, Samples.INCARNATION, 1, 6, Samples.trajectory());

    private static void assertRefused(Code code, UnaryOperator<Envelope.Builder> change) {
        byte[] bytes = change.apply(SOUND.toBuilder()).build().toByteArray();
        assertThatThrownBy(() -> Envelopes.body(Envelopes.decode(bytes)))
                .isInstanceOf(WireException.class)
                .extracting(error -> ((WireException) error).code())
                .isEqualTo(code);
    }

    private static void assertBodyRefused(Code code, Message body) {
        Envelope envelope = Envelopes.envelope(Samples.PRODUCER, Samples.INCARNATION, 1, 6, body);
        assertThatThrownBy(() -> Envelopes.body(envelope))
                .isInstanceOf(WireException.class)
                .extracting(error -> ((WireException) error).code())
                .isEqualTo(code);
    }

    @Test
    void shouldReadFromTheMiddleOfABuffer() {
        byte[] bytes = Envelopes.encode(SOUND);
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length + 20);
        buffer.position(7);
        buffer.put(bytes).limit(7 + bytes.length).position(7);
        assertThat(Envelopes.decode(buffer)).isEqualTo(SOUND);
        assertThat(buffer.position()).isEqualTo(7);
    }

    @Test
    void shouldNameWhatIsWrongWithAnEnvelope() {
        assertRefused(Code.UNKNOWN_VERSION, e -> e.setSchemaVersion(2));
        assertRefused(Code.UNKNOWN_VERSION, e -> e.setSchemaVersion(0));
        assertRefused(Code.TYPE, e -> e.setTypeValue(0));
        assertRefused(Code.TYPE, e -> e.setTypeValue(77));
        assertRefused(Code.CHECKSUM, e -> e.setBodyCrc32C(e.getBodyCrc32C() + 1));
        assertRefused(Code.MALFORMED, Envelope.Builder::clearProducer);
        assertRefused(Code.MALFORMED, e -> e.setProducer(Address.newBuilder().setPort(-1)));
        assertRefused(Code.MALFORMED, e -> e.setSequence(-1));
        assertRefused(Code.MALFORMED, e -> e.setPolicyVersion(Long.MIN_VALUE));
        assertThatThrownBy(() -> Envelopes.decode(new byte[Envelopes.MAX_BYTES + 1]))
                .isInstanceOf(WireException.class)
                .hasMessageContaining("TOO_LARGE");
        assertThatThrownBy(() -> Envelopes.decode(new byte[0])).isInstanceOf(WireException.class);
        assertThatThrownBy(() -> Envelopes.typeOf(Samples.PRODUCER))
                .isInstanceOf(WireException.class)
                .hasMessageContaining("troupe.v1.Address");
    }

    @Test
    void shouldRefuseBodiesThatDoNotHoldTogether() {
        Trajectory.Builder trajectory = Samples.trajectory().toBuilder();
        assertBodyRefused(Code.MALFORMED, trajectory.clone().clearId().build());
        assertBodyRefused(
                Code.MALFORMED, trajectory.clone().setFinishReasonValue(9).build());
        assertBodyRefused(
                Code.MALFORMED,
                trajectory
                        .clone()
                        .setFinishReason(FinishReason.FINISH_REASON_UNSPECIFIED)
                        .build());
        assertBodyRefused(
                Code.SHAPE,
                trajectory.clone().setVersions(Tensors.ofLongs(5, 5)).build());
        assertBodyRefused(
                Code.SHAPE, trajectory.clone().setKeptMass(Tensors.ofFloats(1)).build());
        assertBodyRefused(
                Code.TYPE,
                trajectory.clone().setKeptMass(Tensors.ofInts(1, 1, 1)).build());
        assertBodyRefused(Code.TYPE, trajectory.clone().clearSampledAtUs().build());
        ScoreRequest.Builder request = Samples.scoreRequest().toBuilder();
        assertBodyRefused(Code.SHAPE, request.clone().clearIds().build());
        assertBodyRefused(
                Code.MALFORMED, request.clone().setTemperature(Double.NaN).build());
        assertBodyRefused(Code.MALFORMED, request.clone().clearBatch().build());
        ScoreRequest.Builder lengths = request.clone();
        lengths.getBatchBuilder().setLengths(Tensors.ofInts(-1, 7));
        assertBodyRefused(Code.MALFORMED, lengths.build());
        ScoreRequest.Builder sum = request.clone();
        sum.getBatchBuilder().setLengths(Tensors.ofInts(Integer.MAX_VALUE, Integer.MAX_VALUE));
        assertBodyRefused(Code.SHAPE, sum.build());
        ScoreRequest.Builder prompts = request.clone();
        prompts.getBatchBuilder().setPromptLengths(Tensors.ofInts(5, 1));
        assertBodyRefused(Code.MALFORMED, prompts.build());
        assertBodyRefused(
                Code.MALFORMED, Samples.weightChunk().toBuilder().setIndex(3).build());
        assertBodyRefused(
                Code.MALFORMED, Samples.weightChunk().toBuilder().setCount(-1).build());
        var ack = Samples.ack().toBuilder();
        ack.getHeldBuilder(0).setFirst(400);
        assertBodyRefused(Code.MALFORMED, ack.build());
        var answer = Samples.scoreAnswer().toBuilder();
        answer.getRowsBuilder(0).clearValues();
        assertBodyRefused(Code.MALFORMED, answer.build());
        var given = Samples.givenLeaseGrant().toBuilder();
        given.getLeasesBuilder(0).setCompletionIds(Tensors.ofInts());
        assertBodyRefused(Code.MALFORMED, given.build());
        assertBodyRefused(Code.MALFORMED, request.clone().setTopK(-1).build());
        var soft = Samples.teacherAnswer().toBuilder();
        soft.getRowsBuilder(0).setIds(Tensors.of(HostTensor.ofInts(new int[] {12, 3}, 2, 1)));
        assertBodyRefused(Code.SHAPE, soft.build());
        soft.getRowsBuilder(0).setIds(Tensors.of(HostTensor.ofInts(new int[] {12, 3}, 1, 2)));
        assertBodyRefused(Code.SHAPE, soft.build());
        soft.getRowsBuilder(0).setIds(Tensors.ofInts(12, 3, 2, 511));
        assertBodyRefused(Code.SHAPE, soft.build());
        soft.getRowsBuilder(0).clearIds().setValues(Tensors.ofFloats(-0.5f));
        assertBodyRefused(Code.SHAPE, soft.build());
        soft.getRowsBuilder(0).setValues(Tensors.of(HostTensor.ofInts(new int[] {1}, 1, 1)));
        assertBodyRefused(Code.TYPE, soft.build());
        assertBodyRefused(
                Code.SHAPE,
                Samples.teacherAnswer().toBuilder()
                        .setKind(ScoreKind.SCORE_KIND_VALUE)
                        .build());
    }
}
