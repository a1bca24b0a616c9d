package dev.troupe.deploy.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.util.List;
import org.junit.jupiter.api.Test;

class ClusteredMeanTest {
    private final ClusteredMean before = new ClusteredMean(List.of(List.of(0.0, 2.0), List.of(4.0, 6.0)));
    private final ClusteredMean after = new ClusteredMean(List.of(List.of(3.0, 3.0), List.of(7.0, 9.0)));

    @Test
    void theErrorIsThatOfThePromptsMeans() {
        // Means of the prompts: 1 and 5, their deviation sqrt(8), over sqrt(2) prompts.
        assertThat(before.mean()).isEqualTo(3);
        assertThat(before.standardError()).isEqualTo(2, offset(1e-12));
    }

    @Test
    void aDifferenceIsTakenPromptByPrompt() {
        // The prompts rose by 2 and by 3: mean 2.5, deviation sqrt(0.5), over sqrt(2).
        assertThat(after.mean() - before.mean()).isEqualTo(2.5);
        assertThat(after.standardErrorOfDifference(before)).isEqualTo(0.5, offset(1e-12));
        assertThat(before.standardErrorOfDifference(before)).isZero();
    }

    @Test
    void whatWasNotJudgedIsLeftOut() {
        ClusteredMean some = new ClusteredMean(List.of(List.of(0.0, Double.NaN), List.of(3.0, 3.0)));

        // Residuals (0 - 2) / 3 and (1 + 1) / 3, squared, summed, times 2.
        assertThat(some.mean()).isEqualTo(2);
        assertThat(some.standardError()).isEqualTo(4.0 / 3, offset(1e-12));
        assertThat(new ClusteredMean(List.of(List.of(1.0))).standardError()).isNaN();
        assertThat(new ClusteredMean(List.of(List.of())).mean()).isNaN();
    }

    @Test
    void otherPromptsAreNoDifference() {
        ClusteredMean one = new ClusteredMean(List.of(List.of(1.0)));

        assertThatThrownBy(() -> before.standardErrorOfDifference(one)).isInstanceOf(IllegalArgumentException.class);
    }
}
