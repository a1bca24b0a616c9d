package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

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
