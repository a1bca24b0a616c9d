package dev.troupe.train.update;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.Needs;
import dev.troupe.train.algorithm.Targets;
import dev.troupe.train.fixture.TinyModels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MiniBatchTest {
    /** Three prompts with two completions each, one of which is long. */
    private static List<Experience> batch() {
        List<Experience> batch = new ArrayList<>();
        for (int r = 0; r < 6; r++) {
            int n = r % 2 == 0 ? 9 : 2;
            batch.add(new Experience(
                    new TrajectoryId(r / 2, r % 2),
                    TokenRow.of(new int[] {r / 2, 1}, new int[n]),
                    FinishReason.FINISH_REASON_EOS,
                    new float[n],
                    new float[n],
                    new float[0],
                    new float[0],
                    0,
                    new long[n]));
        }
        return batch;
    }

    private static List<List<Integer>> microBatches(int micro, boolean together) {
        List<Experience> batch = batch();
        Targets targets = Targets.ofCompletions(batch, new double[6], Map.of());
        Needs groups = Needs.inGroups(false, false);
        return MiniBatch.ofEpoch(batch, targets, groups, TinyModels.settings(1, 1, micro), 0, 0, rows -> together)
                .get(0)
                .microBatches()
                .stream()
                .map(m -> java.util.Arrays.stream(m).boxed().toList())
                .toList();
    }

    @Test
    void rowsOfLikeLengthStandTogether() {
        assertThat(microBatches(3, false)).containsExactly(List.of(0, 2, 4), List.of(1, 3, 5));
    }

    @Test
    void rowsOfAPromptStandTogetherWhereThatIsAsked() {
        assertThat(microBatches(2, true)).containsExactly(List.of(0, 1), List.of(2, 3), List.of(4, 5));
    }

    /** The micro-batch is a bound on memory. */
    @Test
    void noMicroBatchHoldsMoreForIt() {
        assertThat(microBatches(1, true)).allMatch(m -> m.size() == 1).hasSize(6);
    }
}
