package dev.troupe.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.Python;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Blocks of random bits against the numbers of gguf.quants (gguf_blocks.py), to the bit. */
class GgufBlocksGoldenTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/gguf");
    private static final int MANY = 2000;

    @TempDir
    Path folder;

    static Stream<GgufType> quantised() {
        return Arrays.stream(GgufType.values()).filter(GgufType::quantised);
    }

    @ParameterizedTest
    @MethodSource("quantised")
    void shouldGiveTheNumbersOfTheReference(GgufType type) throws IOException {
        same(type, GOLDEN, type.block() == 256 ? 6 : 24);
    }

    @Test
    void shouldGiveTheNumbersOfTheReferenceForManyBlocks() throws IOException {
        Python.run(folder, "gguf_blocks.py", folder.toString(), "21", String.valueOf(MANY));
        for (GgufType type : quantised().toList()) {
            same(type, folder, type.block() == 256 ? MANY : 4 * MANY);
        }
    }

    private static void same(GgufType type, Path from, int blocks) throws IOException {
        ByteBuffer file =
                ByteBuffer.wrap(Files.readAllBytes(from.resolve(type + ".bin"))).order(ByteOrder.LITTLE_ENDIAN);
        int[] found = ints(GgufBlocks.floats(type, file.slice(0, blocks * type.bytes())));
        int[] expected = ints(file.slice(blocks * type.bytes(), file.capacity() - blocks * type.bytes()));
        assertThat(found).as(type.name()).hasSize(blocks * type.block()).isEqualTo(expected);
    }

    private static int[] ints(ByteBuffer bytes) {
        int[] bits = new int[bytes.remaining() / Integer.BYTES];
        bytes.order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().get(bits);
        return bits;
    }
}
