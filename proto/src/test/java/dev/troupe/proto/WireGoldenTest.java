package dev.troupe.proto;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Message;
import dev.troupe.proto.v1.Envelope;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The bytes of every message stay as they are: what one build writes another reads. A file is an envelope around the
 * message of that name; {@code tensor_set.bin} is the stream of a set of tensors. When a schema version is added, its
 * files go into a folder of their own and these must still decode.
 */
class WireGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/golden/v1");

    static Stream<String> names() {
        return Samples.messages().keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("names")
    void shouldWriteTheStoredBytes(String name) throws IOException {
        assertThat(encode(Samples.messages().get(name))).isEqualTo(stored(name));
    }

    @ParameterizedTest
    @MethodSource("names")
    void shouldReadTheStoredBytes(String name) throws IOException {
        Envelope envelope = Envelopes.decode(stored(name));
        assertThat(Envelopes.body(envelope)).isEqualTo(Samples.messages().get(name));
        assertThat(envelope.getProducer()).isEqualTo(Samples.PRODUCER);
        assertThat(envelope.getIncarnation()).isEqualTo(Samples.INCARNATION);
        assertThat(envelope.getSequence()).isEqualTo(301);
        assertThat(envelope.getPolicyVersion()).isEqualTo(6);
        assertThat(envelope.getSchemaVersion()).isEqualTo(1);
    }

    @Test
    void shouldHaveAFileForEveryMessageAndNoOther() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            List<String> found =
                    files.map(file -> file.getFileName().toString()).sorted().toList();
            TreeSet<String> expected = new TreeSet<>(List.of("tensor_set.bin"));
            names().forEach(name -> expected.add(name + ".bin"));
            assertThat(found).containsExactlyElementsOf(expected);
        }
    }

    @Test
    void shouldReadAndWriteTheStoredSetOfTensors() throws IOException {
        byte[] stored = Files.readAllBytes(FOLDER.resolve("tensor_set.bin"));
        assertThat(Samples.stream(Samples.tensorSet())).isEqualTo(stored);
        assertThat(TensorSet.decode(List.of(com.google.protobuf.ByteString.copyFrom(stored))))
                .isEqualTo(Samples.tensorSet());
    }

    /** An independent reading of one file: Protobuf's wire format by hand, as its documentation gives it. */
    @Test
    void shouldPutTheEnvelopeTogetherByProtobufsRules() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.write(HexFormat.of().parseHex("0a06706f6c696379" + "1006" + "1801" + "2003" + "2a04000102ff"));
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(frame);
        out.writeUInt32(1, 1);
        out.writeEnum(2, 6);
        out.writeByteArray(
                3, HexFormat.of().parseHex("0a09726f6c6c6f75742d31" + "12093132372e302e302e32" + "1888bc02"));
        out.writeFixed64(4, 0x1234_5678_9abc_def0L);
        out.writeUInt64(5, 301);
        out.writeUInt64(6, 6);
        out.writeFixed32(7, castagnoli(body.toByteArray()));
        out.writeByteArray(8, body.toByteArray());
        out.flush();
        assertThat(frame.toByteArray()).isEqualTo(stored("weight_chunk"));
    }

    /** CRC-32C bit by bit: reflected polynomial 0x82F63B78. */
    static int castagnoli(byte[] bytes) {
        int crc = -1;
        for (byte b : bytes) {
            crc ^= b & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >>> 1) ^ ((crc & 1) == 0 ? 0 : 0x82f6_3b78);
            }
        }
        return ~crc;
    }

    @Test
    void shouldUseTheCastagnoliPolynomial() {
        // The check value of CRC-32C in the catalogue of CRCs.
        assertThat(castagnoli("123456789".getBytes(java.nio.charset.StandardCharsets.US_ASCII)))
                .isEqualTo(0xe306_9283);
    }

    static byte[] encode(Message message) {
        return Envelopes.encode(Envelopes.envelope(Samples.PRODUCER, Samples.INCARNATION, 301, 6, message));
    }

    private static byte[] stored(String name) throws IOException {
        return Files.readAllBytes(FOLDER.resolve(name + ".bin"));
    }

    /** Writes the files of a new schema version; never run over stored ones. */
    public static void main(String[] args) throws IOException {
        Path folder = Files.createDirectories(Path.of(args[0]));
        for (Map.Entry<String, Message> sample : Samples.messages().entrySet()) {
            Files.write(folder.resolve(sample.getKey() + ".bin"), encode(sample.getValue()));
        }
        Files.write(folder.resolve("tensor_set.bin"), Samples.stream(Samples.tensorSet()));
    }
}
