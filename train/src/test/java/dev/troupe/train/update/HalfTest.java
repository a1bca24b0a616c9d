package dev.troupe.train.update;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.Ppo;
import dev.troupe.train.fixture.TinyModels;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HalfTest {
    private static final int BAD = 2;

    /** A finite loss whose gradient of the first parameter is NaN as soon as one row takes part. */
    private record Poisoned(TinyModels models, int[] rows) implements MicroBatch {
        @Override
        public Map<String, Double> accumulate() {
            if (Arrays.stream(rows).anyMatch(r -> r == BAD)) {
                var gradient = models.policy.decoder().gradients().get(0);
                float[] nan = new float[(int) gradient.size()];
                Arrays.fill(nan, Float.NaN);
                gradient.set(nan);
            }
            return Map.of(LOSS, (double) rows.length);
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
            Ppo ppo = TinyModels.ppo(6);
            MiniBatch mini = MiniBatch.ofEpoch(
                            batch,
                            ppo.targets(batch, 0.05),
                            ppo.needs(),
                            TinyModels.settings(1, 1, 2),
                            0,
                            0,
                            rows -> false)
                    .get(0);
            assertThat(mini.microBatches()).hasSize(3);
            Half half = new Half(models.policy, (rows, count) -> new Poisoned(models, rows));
            Half.Gradients gradients = half.accumulate(mini).join();
            assertThat(gradients.loss()).isEqualTo(5);
            Fault fault = Objects.requireNonNull(
                    half.fault(mini, gradients, batch).join().fault());
            assertThat(fault.tensor())
                    .isEqualTo("policy gradient of "
                            + models.policy.decoder().names().get(0));
            assertThat(fault.sample()).isEqualTo(batch.get(BAD).id());
        }
    }
}
