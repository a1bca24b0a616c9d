package dev.troupe.deploy.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressLineTest {
    private static final long SECOND = 1_000_000_000L;

    @Test
    void tellsWhereTheRunStands() {
        ProgressLine progress = new ProgressLine(0, 10, 0);

        String line = progress.line(
                Map.of(
                        "step", 1,
                        "objective/scores", 0.25,
                        "objective/kl", 1.5,
                        "tokens/generated", 4000,
                        "staleness/mean", 0.75,
                        "time/wait", 0.2),
                2 * SECOND);

        assertThat(line)
                .startsWith("step  1/10")
                .contains("reward  0.250")
                .contains("kl   1.50")
                .contains("2000 tokens/s")
                .contains("stale 0.75")
                .contains("wait  10%")
                .endsWith("left 0:18");
    }

    @Test
    void aResumedRunCountsOnlyItsOwnSteps() {
        ProgressLine progress = new ProgressLine(5, 10, 0);

        assertThat(progress.line(Map.of("step", 6), 3 * SECOND)).endsWith("left 0:12");
    }

    @ParameterizedTest
    @CsvSource({"0,0:00", "59.6,1:00", "61,1:01", "3661,1:01:01"})
    void clockIsReadable(double seconds, String shown) {
        assertThat(ProgressLine.clock(seconds)).isEqualTo(shown);
    }
}
