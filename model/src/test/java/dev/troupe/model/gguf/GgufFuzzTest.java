package dev.troupe.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.troupe.model.ModelException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a header holds, reading it ends with a model or with a ModelException, and takes little memory. */
class GgufFuzzTest {
    private static final int MUTANTS = 120_000;
    private static final long MOST_BYTES = 4L << 20;
    /** Numbers that lengths and counts must not be believed with. */
    private static final long[] LARGE = {
        -1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 62, 1L << 40, 1L << 32, Integer.MAX_VALUE, 1L << 31, 1 << 24, 0
    };

    private final Random random = new Random(7);

    private byte[] mutant(byte[] good, int round) {
        byte[] bytes = good.clone();
        ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        for (int k = 0; k <= round % 3; k++) {
            switch (random.nextInt(4)) {
                case 0 -> bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
                case 1 -> bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                case 2 -> view.putLong(random.nextInt(bytes.length - 8), LARGE[random.nextInt(LARGE.length)]);
                default -> view.putInt(random.nextInt(bytes.length - 4), (int) LARGE[random.nextInt(LARGE.length)]);
            }
        }
        return round % 11 == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
    }

    static List<GgufBytes> files() {
        return List.of(GgufBytes.llama(), GgufBytes.quantised());
    }

    @ParameterizedTest
    @MethodSource("files")
    void shouldEndWithAModelOrAnErrorThatNamesTheFile(GgufBytes file) {
        byte[] good = file.header();
        ThreadMXBean memory = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int refused = 0;
        long most = 0;
        for (int i = 0; i < MUTANTS; i++) {
            byte[] bytes = mutant(good, i);
            long before = memory.getCurrentThreadAllocatedBytes();
            try {
                GgufModel model = GgufModel.of(
                        ByteBuffer.wrap(bytes), bytes.length + 31L + file.dataBytes(), "mutant.gguf", (at, n) -> {
                            assertThat(n).isLessThanOrEqualTo(file.dataBytes());
                            return ByteBuffer.allocate((int) n);
                        });
                model.weights();
                model.tokenizer();
            } catch (ModelException e) {
                assertThat(e).hasMessageContaining("mutant.gguf");
                refused++;
            }
            most = Math.max(most, memory.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(refused).isGreaterThan(MUTANTS / 4).isLessThan(MUTANTS);
        assertThat(most).as("bytes allocated for one mutant").isLessThan(MOST_BYTES);
    }
}
