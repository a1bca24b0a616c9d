package dev.troupe.deploy.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

class DoctorTest {
    private final StringWriter out = new StringWriter();

    @Test
    void aCheckThatFailsOrThrowsDoesNotStopTheOthers() {
        Map<String, Callable<Finding>> checks = new LinkedHashMap<>();
        checks.put("first", () -> Finding.bad("broken", "mend it"));
        checks.put("second", () -> {
            throw new UnsatisfiedLinkError("no native");
        });
        checks.put("third", () -> Finding.ok("fine"));

        boolean well = new Doctor(checks).examine(new PrintWriter(out));

        assertThat(well).isFalse();
        assertThat(out.toString().lines()).element(0).asString().matches("BAD +first +broken");
        assertThat(out.toString()).contains("-> mend it").contains("no native").containsPattern("ok +third +fine");
    }

    @Test
    void allWellIsWell() {
        assertThat(new Doctor(Map.of("one", () -> Finding.ok("fine"))).examine(new PrintWriter(out)))
                .isTrue();
    }

    @Test
    void theTestsOwnJvmHasWhatTheLauncherGives() {
        assertThat(JvmChecks.opens().isOk()).isTrue();
        assertThat(JvmChecks.offline().isOk()).isTrue();
        assertThat(JvmChecks.java().isOk()).isTrue();
    }

    @Test
    void loopbackCanBeUsedOnTwoAddresses() throws Exception {
        assertThat(MachineChecks.loopback().detail()).contains("127.0.0.2");
        assertThat(MachineChecks.loopback().isOk()).isTrue();
    }

    @Test
    void nativesLoad() {
        assertThat(NativeChecks.libtorch().detail()).startsWith("2.7.1");
        assertThat(NativeChecks.aeron().isOk()).isTrue();
    }
}
