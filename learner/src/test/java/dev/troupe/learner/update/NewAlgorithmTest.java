package dev.troupe.learner.update;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.cluster.protocol.TrajectoryRef;
import dev.troupe.learner.algorithm.Aggregation;
import dev.troupe.learner.algorithm.Algorithm;
import dev.troupe.learner.algorithm.Experience;
import dev.troupe.learner.algorithm.KlControl;
import dev.troupe.learner.algorithm.Loss;
import dev.troupe.learner.algorithm.Needs;
import dev.troupe.learner.algorithm.OffPolicy;
import dev.troupe.learner.algorithm.Targets;
import dev.troupe.learner.fixture.TinyModels;
import dev.troupe.learner.optim.Schedule;
import dev.troupe.model.Script;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** A new algorithm is one class, as CONTRIBUTING.md shows it: no actor, no loop, no optimizer is touched. */
class NewAlgorithmTest {
    private static final int GOOD = 7;
    private static final int BAD = 9;

    /** REINFORCE with the batch's mean as baseline (Williams 1992). */
    record Reinforce() implements Algorithm {
        private static final Script SCRIPT = Loss.script("reinforce", """
                def reinforce(self, t: Dict[str, Tensor]) -> Dict[str, Tensor]:
                  each = torch.neg(t["weight"] * t["advantages"] * t["current"])
                  return self.statistics(t, self.aggregate(t, each))
                """);

        @Override
        public String name() {
            return "reinforce";
        }

        @Override
        public Needs needs() {
            return Needs.single(false, false);
        }

        @Override
        public double klCoef() {
            return 0;
        }

        @Override
        public Targets targets(List<Experience> batch, double klCoef) {
            double mean =
                    batch.stream().mapToDouble(Experience::score).average().orElseThrow();
            double[] advantages =
                    batch.stream().mapToDouble(e -> e.score() - mean).toArray();
            return Targets.ofCompletions(batch, advantages, Map.of("objective/scores", mean));
        }

        @Override
        public Loss loss() {
            return new Loss(SCRIPT, "reinforce", Aggregation.COMPLETIONS, Map.of());
        }
    }

    @Test
    void itLearnsWhatIsRewarded() {
        try (TinyModels models = new TinyModels()) {
            PolicyUpdate update = new PolicyUpdate(
                    new Reinforce(),
                    OffPolicy.NONE,
                    KlControl.fixed(0),
                    TinyModels.settings(1, 1, 4),
                    new Schedule(Schedule.Kind.CONSTANT, 0, 20),
                    new PolicyUpdate.Learner(models.policy, 1e-2),
                    null);
            float[] before = logprobs(models);
            for (int step = 0; step < 20; step++) {
                UpdateResult result = update.run(step, batch(logprobs(models)));
                assertThat(result.applied()).isTrue();
                assertThat(Objects.requireNonNull(result.metrics().get("objective/scores")))
                        .isEqualTo(0.5);
            }
            float[] after = logprobs(models);
            assertThat(after[0]).as("the rewarded token").isGreaterThan(before[0] + 1);
            assertThat(after[1]).as("the other").isLessThan(before[1]);
        }
    }

    private static List<TokenRow> rows() {
        return List.of(TokenRow.of(new int[] {5, 6}, new int[] {GOOD}), TokenRow.of(new int[] {5, 6}, new int[] {BAD}));
    }

    private static float[] logprobs(TinyModels models) {
        List<float[]> each =
                models.policy.thread().call(() -> models.policy.decoder().logprobs(rows(), 1, 2));
        return new float[] {each.get(0)[0], each.get(1)[0]};
    }

    private static List<Experience> batch(float[] logprobs) {
        List<Experience> batch = new ArrayList<>();
        for (int r = 0; r < 2; r++) {
            float[] behaviour = {logprobs[r]};
            batch.add(new Experience(
                    new TrajectoryRef(r, 0),
                    rows().get(r),
                    FinishReason.FINISH_REASON_EOS,
                    behaviour,
                    behaviour,
                    new float[0],
                    new float[0],
                    1 - r,
                    new long[1]));
        }
        return batch;
    }
}
