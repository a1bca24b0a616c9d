package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeviceTest {
    @Test
    void shouldReadWhatIsThere() {
        assertThat(Device.of("device", "cpu")).isEqualTo(Device.CPU).hasToString("cpu");
        Device chosen = Device.of("device", "auto");
        assertThat(chosen.cuda()).isEqualTo(Device.cudaDevices() > 0 ? 0 : -1);
    }

    @Test
    void shouldSayThatADeviceIsAbsent() {
        assertThatThrownBy(() -> Device.of("device", "cuda:77"))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("device = cuda:77")
                .hasMessageContaining("sees " + Device.cudaDevices() + " CUDA devices")
                .hasMessageContaining("troupe doctor");
    }

    /** A tensor above 2 GB does not fit a buffer; here the parts are small ones. */
    @ParameterizedTest
    @ValueSource(longs = {1, 12, 24, 35, 1000})
    void shouldFillATensorInPartsOfWholeRows(long mostBytes) {
        Libtorch.start();
        List<Integer> begun = new ArrayList<>();
        try (NDManager scope = Libtorch.scope()) {
            NDArray made = Device.CPU.filled(
                    scope,
                    new Shape(7, 3),
                    (bytes, from, to) -> {
                        begun.add(from);
                        assertThat(bytes.capacity()).isEqualTo((to - from) * 12);
                        for (int i = 0; i < 3 * (to - from); i++) {
                            bytes.putFloat(4 * i, 3 * from + i);
                        }
                    },
                    mostBytes);
            assertThat(made.getShape()).isEqualTo(new Shape(7, 3));
            assertThat(made.toFloatArray()).hasSize(21);
            for (int i = 0; i < 21; i++) {
                assertThat(made.toFloatArray()[i]).isEqualTo(i);
            }
        }
        assertThat(begun).hasSize(mostBytes >= 84 ? 1 : mostBytes >= 24 ? 4 : 7);
    }

    @Test
    void shouldRefuseOtherNames() {
        for (String name : new String[] {"gpu", "cuda", "cuda:x", "cuda:99999", ""}) {
            assertThatThrownBy(() -> Device.of("device", name)).hasMessageContaining("cuda:N");
        }
    }

    @Test
    void shouldFindBf16InstructionsAmongTheProcessorsFlags() {
        assertThat(Cpu.computesInBf16("processor : 0\nflags\t\t: fpu avx2 avx512f avx512_bf16 sha_ni\n"))
                .isTrue();
        assertThat(Cpu.computesInBf16("flags\t\t: fpu avx2 amx_tile amx_bf16\n"))
                .isTrue();
        assertThat(Cpu.computesInBf16("model name : avx512_bf16\nflags\t\t: fpu avx2 avx512f\n"))
                .isFalse();
    }
}
