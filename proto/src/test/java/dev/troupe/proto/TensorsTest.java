package dev.troupe.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.troupe.proto.WireException.Code;
import dev.troupe.proto.v1.DataType;
import dev.troupe.proto.v1.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class TensorsTest {
    private static void assertCode(Code code, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOf(WireException.class)
                .extracting(error -> ((WireException) error).code())
                .isEqualTo(code);
    }

    @Test
    void shouldLayNumbersLittleEndian() {
        assertThat(hex(Tensors.ofInts(1, -2))).isEqualTo("01000000feffffff");
        assertThat(hex(Tensors.ofLongs(258))).isEqualTo("0201000000000000");
        // 1.0f is 0x3f800000 and -0.5f is 0xbf000000 in IEEE 754.
        assertThat(hex(Tensors.ofFloats(1f, -0.5f))).isEqualTo("0000803f000000bf");
    }

    private static String hex(Tensor tensor) {
        return HexFormat.of().formatHex(tensor.getData().toByteArray());
    }

    @Test
    void shouldGiveBackWhatItTook() {
        assertThat(Tensors.ints(Tensors.ofInts(3, Integer.MIN_VALUE))).containsExactly(3, Integer.MIN_VALUE);
        assertThat(Tensors.floats(Tensors.ofFloats(Float.NaN, 1e-30f))).containsExactly(Float.NaN, 1e-30f);
        assertThat(Tensors.longs(Tensors.ofLongs())).isEmpty();
        HostTensor matrix = HostTensor.ofFloats(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
        assertThat(Tensors.host(Tensors.of(matrix))).isEqualTo(matrix);
        ByteBuffer direct = ByteBuffer.allocateDirect(8).order(ByteOrder.LITTLE_ENDIAN);
        direct.putInt(5).putInt(6).flip();
        assertThat(Tensors.ints(Tensors.of(new HostTensor(DataType.DATA_TYPE_I32, new long[] {2}, direct))))
                .containsExactly(5, 6);
    }

    @Test
    void shouldNameWhatIsWrong() {
        Tensor sound = Tensors.ofInts(1, 2, 3);
        assertCode(Code.TYPE, () -> Tensors.floats(sound));
        assertCode(
                Code.TYPE,
                () -> Tensors.verify(sound.toBuilder().setDtypeValue(99).build()));
        assertCode(Code.TYPE, () -> Tensors.verify(Tensor.getDefaultInstance()));
        assertCode(
                Code.SHAPE, () -> Tensors.ints(sound.toBuilder().setShape(0, 4).build()));
        assertCode(Code.SHAPE, () -> Tensors.ints(sound.toBuilder().addShape(1).build()));
        assertCode(
                Code.SHAPE, () -> Tensors.ints(sound.toBuilder().setShape(0, -1).build()));
        assertCode(
                Code.CHECKSUM, () -> Tensors.ints(sound.toBuilder().setCrc32C(1).build()));
        assertCode(
                Code.CHECKSUM,
                () -> Tensors.ints(sound.toBuilder()
                        .setData(ByteString.copyFrom(new byte[12]))
                        .build()));
    }

    @Test
    void shouldCheckSizesWithoutOverflow() {
        long half = 1L << 33;
        Tensor.Builder huge = Tensor.newBuilder().setDtype(DataType.DATA_TYPE_I64);
        // 2^33 x 2^31 x 8 bytes wrap to 0 in 64 bits, which is the length of no data.
        assertCode(
                Code.SHAPE,
                () -> Tensors.verify(
                        huge.clone().addShape(half).addShape(1L << 31).build()));
        assertCode(
                Code.SHAPE, () -> Tensors.verify(huge.clone().addShape(1L << 61).build()));
        assertCode(Code.SHAPE, () -> TensorLayout.elements(1, 1, 1, 1, 1, 1, 1, 1, 1));
        assertThat(TensorLayout.byteSize(DataType.DATA_TYPE_BF16, 3, 5)).isEqualTo(30);
        assertThat(TensorLayout.byteSize(DataType.DATA_TYPE_F32)).isEqualTo(4);
        assertThat(TensorLayout.byteSize(DataType.DATA_TYPE_F32, half, 0)).isZero();
    }
}
