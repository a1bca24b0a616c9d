package dev.troupe.learner.ppo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.learner.fixture.TinyModels;
import dev.troupe.learner.loss.KlEstimator;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HalfTest {
    private static final int BAD = 2;

    /** A finite loss whose gradient of the first parameter is NaN as soon as one row takes part. */
    private record Poisoned(TinyModels models, int[] rows) implements MicroBatch {
        @Override
        public float[] accumulate() {
            if (Arrays.stream(rows).anyMatch(r -> r == BAD)) {
                var gradient = models.policy.decoder().gradients().get(0);
                float[] nan = new float[(int) gradient.size()];
                Arrays.fill(nan, Float.NaN);
                gradient.set(nan);
            }
            return new float[] {rows.length, 0, 0, 0, 0};
        }

        @Override
        public @Nullable Fault fault() {
            return null;
        }

        @Override
        public void close() {}
    }

    @Test
    void aGradientThatIsNotFiniteNamesParameterAndTrajectory() {
        try (TinyModels models = new TinyModels()) {
            List<Experience> batch = models.experience(5, 1);
            PpoSettings settings =
                    new PpoSettings(1, 1, 2, 0.05, KlEstimator.K1, 0.2, 0.2, 0.1, 1, 0.95, false, 0, 1, 1, 6, 7);
            MiniBatch mini = MiniBatch.ofEpoch(batch, settings, 0, 0).get(0);
            assertThat(mini.microBatches()).hasSize(3);
            Half half = new Half(models.policy, (rows, count) -> new Poisoned(models, rows));
            Half.Gradients gradients = half.accumulate(mini, mini.tokens()).join();
            assertThat(gradients.statistics()[PpoLoss.LOSS]).isEqualTo(5);
            Fault fault = Objects.requireNonNull(
                    half.fault(mini, mini.tokens(), gradients, batch).join().fault());
            assertThat(fault.tensor())
                    .isEqualTo("policy gradient of "
                            + models.policy.decoder().names().get(0));
            assertThat(fault.sample()).isEqualTo(batch.get(BAD).id());
        }
    }
}
