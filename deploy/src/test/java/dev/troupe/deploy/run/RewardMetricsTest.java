package dev.troupe.deploy.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.experience.HeldTrajectory;
import dev.troupe.learner.experience.ScoredTrajectory;
import dev.troupe.learner.experience.Scores;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RewardMetricsTest {
    private static ScoredTrajectory rewarded(Map<String, Float> rewards) {
        HeldTrajectory held = new HeldTrajectory(
                new TrajectoryId(0, 0),
                1,
                TokenRow.of(new int[] {1}, new int[] {2}),
                new float[1],
                new long[1],
                new long[1],
                FinishReason.FINISH_REASON_EOS,
                List.of("x"),
                "a",
                false);
        return new ScoredTrajectory(held, new Scores(new float[1], 0, rewards, new float[2], 0, null));
    }

    /** Of 1, 2 and 6: mean 3, squares 4 + 1 + 9 = 14, over n - 1 = 2. */
    @Test
    void eachRewardHasItsMeanAndTheSamplesDeviation() {
        Map<String, Double> metrics = RewardMetrics.of(List.of(
                rewarded(Map.of("a", 1f, "b", 5f)),
                rewarded(Map.of("a", 2f, "b", 5f)),
                rewarded(Map.of("a", 6f, "b", 5f))));

        assertThat(metrics)
                .isEqualTo(Map.of(
                        "rewards/a/mean", 3.0,
                        "rewards/a/std", Math.sqrt(7),
                        "rewards/b/mean", 5.0,
                        "rewards/b/std", 0.0));
        assertThat(RewardMetrics.of(List.of(rewarded(Map.of("a", 1f))))).containsEntry("rewards/a/std", Double.NaN);
    }
}
