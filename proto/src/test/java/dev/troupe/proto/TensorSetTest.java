package dev.troupe.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.troupe.proto.WireException.Code;
import dev.troupe.proto.v1.DataType;
import dev.troupe.proto.v1.TensorSetHeader;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TensorSetTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 7, 64, 100_000})
    void shouldComeBackFromChunksOfAnySize(int chunkBytes) {
        TensorSet set = Samples.tensorSet();
        TensorStream stream = set.stream(chunkBytes);
        List<ByteString> chunks = Samples.chunks(set, chunkBytes);
        assertThat(chunks.stream().mapToLong(ByteString::size).sum()).isEqualTo(stream.size());
        assertThat(chunks.subList(0, chunks.size() - 1)).allMatch(chunk -> chunk.size() == chunkBytes);
        TensorSet back = TensorSet.decode(chunks);
        assertThat(back).isEqualTo(set);
        assertThat(back.names()).containsExactly("z.weight", "a.bias", "empty", "m.ids");
        assertThat(back.get("z.weight").shape()).containsExactly(2, 3);
        assertThat(back.sha256()).isEqualTo(set.sha256());
    }

    @Test
    void shouldHashTheCanonicalForm() throws Exception {
        // Written out by hand from the definition: name length, name, type, rank, dimensions, data length, data.
        ByteBuffer canonical = ByteBuffer.allocate(1000).order(ByteOrder.LITTLE_ENDIAN);
        canonical
                .putInt(6)
                .put(utf8("a.bias"))
                .putInt(5)
                .putInt(1)
                .putLong(1)
                .putLong(8)
                .putLong(-1);
        canonical.putInt(5).put(utf8("empty")).putInt(1).putInt(1).putLong(0).putLong(0);
        canonical
                .putInt(5)
                .put(utf8("m.ids"))
                .putInt(4)
                .putInt(1)
                .putLong(2)
                .putLong(8)
                .putInt(7)
                .putInt(8);
        canonical
                .putInt(8)
                .put(utf8("z.weight"))
                .putInt(1)
                .putInt(2)
                .putLong(2)
                .putLong(3)
                .putLong(24);
        for (float value : new float[] {1, 2, 3, 4, 5, 6}) {
            canonical.putFloat(value);
        }
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(canonical.flip());
        assertThat(Samples.tensorSet().sha256()).isEqualTo(HexFormat.of().formatHex(digest.digest()));
    }

    /** With the check values of the two CRCs' catalogues: those of the digits 1 to 9, and 0 of nothing. */
    @Test
    void shouldPutChecksumsInThePlaceOfBytes() throws Exception {
        ByteBuffer canonical = ByteBuffer.allocate(1000).order(ByteOrder.LITTLE_ENDIAN);
        canonical.putInt(6).put(utf8("digits")).putInt(6).putInt(1).putLong(9).putLong(9);
        canonical.putInt(0xE3069283).putInt(0xCBF43926);
        canonical
                .putInt(7)
                .put(utf8("nothing"))
                .putInt(1)
                .putInt(2)
                .putLong(0)
                .putLong(3)
                .putLong(0);
        canonical.putInt(0).putInt(0);
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(canonical.flip());
        String expected = HexFormat.of().formatHex(digest.digest());
        HostTensor digits = new HostTensor(DataType.DATA_TYPE_U8, new long[] {9}, ByteBuffer.wrap(utf8("123456789")));
        HostTensor nothing = HostTensor.ofFloats(new float[0], 0, 3);
        assertThat(TensorSet.of(Map.of("nothing", nothing, "digits", digits)).fingerprint())
                .isEqualTo(expected);

        TensorDigest pieces = TensorDigest.fingerprint();
        pieces.begin("digits", DataType.DATA_TYPE_U8, new long[] {9});
        pieces.bytes(ByteBuffer.wrap(utf8("1234")));
        pieces.bytes(ByteBuffer.wrap(utf8("56789")));
        pieces.begin("nothing", DataType.DATA_TYPE_F32, new long[] {0, 3});
        assertThat(pieces.hex()).isEqualTo(expected);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void shouldHashTheSameInAnyOrderAndAnotherWhenAnythingDiffers() {
        assertHashes(TensorSet::sha256);
        assertHashes(TensorSet::fingerprint);
    }

    private static void assertHashes(Function<TensorSet, String> hash) {
        TensorSet set = Samples.tensorSet();
        Map<String, HostTensor> reversed = new LinkedHashMap<>();
        List<String> names = new java.util.ArrayList<>(set.names());
        Collections.reverse(names);
        names.forEach(name -> reversed.put(name, set.get(name)));
        assertThat(hash.apply(TensorSet.of(reversed))).isEqualTo(hash.apply(set));
        reversed.put("a.bias", HostTensor.ofLongs(new long[] {-2}));
        assertThat(hash.apply(TensorSet.of(reversed))).isNotEqualTo(hash.apply(set));
        HostTensor flat = HostTensor.ofFloats(new float[] {1, 2, 3, 4}, 4);
        HostTensor square = HostTensor.ofFloats(new float[] {1, 2, 3, 4}, 2, 2);
        assertThat(hash.apply(TensorSet.of(Map.of("w", flat))))
                .isNotEqualTo(hash.apply(TensorSet.of(Map.of("w", square))));
    }

    @Test
    void shouldNotSeeTheCallersShapeChange() {
        long[] shape = {2};
        HostTensor tensor = HostTensor.ofInts(new int[] {1, 2}, shape);
        shape[0] = 3;
        tensor.shape()[0] = 4;
        assertThat(tensor.shape()).containsExactly(2);
        ByteBuffer view = tensor.data();
        view.getInt();
        assertThat(tensor.ints()).containsExactly(1, 2);
    }

    @Test
    void shouldRefuseDataThatDoesNotFillTheShape() {
        assertThatThrownBy(() -> new HostTensor(DataType.DATA_TYPE_F32, new long[] {2}, ByteBuffer.allocate(4)))
                .isInstanceOf(WireException.class)
                .hasMessageContaining("takes 8 bytes, the data has 4");
        assertThatThrownBy(() -> Samples.tensorSet().get("w"))
                .hasMessageContaining("no tensor 'w'")
                .hasMessageContaining("z.weight");
    }

    private static ByteString streamOf(TensorSetHeader header, byte[] data) {
        byte[] head = header.toByteArray();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(head.length)
                .array());
        out.writeBytes(head);
        out.writeBytes(data);
        return ByteString.copyFrom(out.toByteArray());
    }

    private static TensorSetHeader.Entry entry(String name, long... shape) {
        TensorSetHeader.Entry.Builder entry =
                TensorSetHeader.Entry.newBuilder().setName(name).setDtype(DataType.DATA_TYPE_F32);
        for (long dimension : shape) {
            entry.addShape(dimension);
        }
        return entry.build();
    }

    private static void assertRefused(Code code, TensorSetHeader header, int bytes) {
        assertThatThrownBy(() -> TensorSet.decode(List.of(streamOf(header, new byte[bytes]))))
                .isInstanceOf(WireException.class)
                .extracting(error -> ((WireException) error).code())
                .isEqualTo(code);
    }

    @Test
    void shouldRefuseAHeaderThatDoesNotFitItsBytes() {
        TensorSetHeader one =
                TensorSetHeader.newBuilder().addEntries(entry("w", 2)).build();
        assertThat(TensorSet.decode(List.of(streamOf(one, new byte[8]))).size()).isEqualTo(1);
        assertRefused(Code.TOO_LARGE, one, 7);
        assertRefused(Code.SHAPE, one, 9);
        assertRefused(
                Code.TOO_LARGE,
                TensorSetHeader.newBuilder().addEntries(entry("w", 1L << 40)).build(),
                8);
        assertRefused(
                Code.SHAPE,
                TensorSetHeader.newBuilder().addEntries(entry("w", 1L << 62, 4)).build(),
                0);
        assertRefused(
                Code.MALFORMED,
                TensorSetHeader.newBuilder()
                        .addEntries(entry("w", 1))
                        .addEntries(entry("w", 1))
                        .build(),
                8);
        assertThatThrownBy(() -> TensorSet.decode(List.of(ByteString.copyFrom(new byte[] {-1, -1, -1, -1, 0}))))
                .isInstanceOf(WireException.class)
                .hasMessageContaining("header of 4294967295 bytes");
        assertThatThrownBy(() -> TensorSet.decode(List.of())).isInstanceOf(WireException.class);
    }
}
