package dev.troupe.train.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.Script;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.train.fixture.TinyModels;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.update.PolicyUpdate;
import dev.troupe.train.update.UpdateResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * A new algorithm is one class and a line in the table, as CONTRIBUTING.md shows them: no actor, no loop, no optimizer
 * is touched.
 */
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

    private static final Map<String, Algorithms.Reader> TABLE =
            Map.ofEntries(Map.entry("reinforce", (c, maxNewTokens, rewardWeights) -> new Reinforce()));

    @Test
    void itLearnsWhatIsRewarded() {
        Config settings = ConfigFactory.parseString("algorithm = reinforce, num_generations = 1")
                .withFallback(ConfigFactory.parseResources("troupe/train.conf"));
        Algorithm algorithm = Algorithms.of(TABLE, settings, 1, Map.of());
        try (TinyModels models = new TinyModels()) {
            PolicyUpdate update = new PolicyUpdate(
                    algorithm,
                    Algorithms.offPolicy(settings),
                    Algorithms.kl(settings, algorithm),
                    TinyModels.settings(1, 1, 4),
                    new Schedule(Schedule.Kind.CONSTANT, 0, 20),
                    new PolicyUpdate.Learner(models.policy, 1e-2),
                    null);
            float[] before = logprobs(models);
            for (int step = 0; step < 20; step++) {
                UpdateResult result = update.run(step, batch(logprobs(models)));
                assertThat(result.fault()).isNull();
                assertThat(result.metrics()).containsEntry("objective/scores", 0.5);
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
                    new TrajectoryId(r, 0),
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
