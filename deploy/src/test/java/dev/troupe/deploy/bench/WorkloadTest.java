package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class WorkloadTest {
    @Test
    void promptsAreOfTheAskedShapeAndTheSameForASeed() {
        int[][] prompts = Workload.prompts(3, 5, 10, 1);

        assertThat(prompts).hasDimensions(3, 5).isDeepEqualTo(Workload.prompts(3, 5, 10, 1));
        assertThat(Arrays.stream(prompts).flatMapToInt(Arrays::stream)).allMatch(id -> id >= 4 && id < 10);
    }

    @Test
    void medianIsTheMiddle() {
        assertThat(Workload.median(3, 1, 2)).isEqualTo(2);
        assertThat(Workload.median(4, 1, 2, 3)).isEqualTo(2.5);
    }
}
