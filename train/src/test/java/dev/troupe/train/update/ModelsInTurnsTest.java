package dev.troupe.train.update;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.train.fixture.TinyModels;
import dev.troupe.train.optim.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Policy and value model each on a thread of its own, or both on one. */
class ModelsInTurnsTest {
    private static final Schedule STEADY = new Schedule(Schedule.Kind.CONSTANT, 0, 1);

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldCloseItsModelsAndThenTheirThreads(boolean inTurns) {
        TinyModels models = new TinyModels(inTurns);
        models.update(TinyModels.settings(1, 1, 4), STEADY, 0.01).close();
        assertThatThrownBy(() -> models.policy.thread().run(() -> {})).isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> models.valueThread().run(() -> {})).isInstanceOf(RuntimeException.class);
    }

    @Test
    void shouldTrainTheSameWeightsInTurns() {
        try (TinyModels beside = new TinyModels();
                TinyModels inTurns = new TinyModels(true)) {
            for (TinyModels models : new TinyModels[] {beside, inTurns}) {
                assertThat(models.update(TinyModels.settings(2, 2, 2), STEADY, 0.01)
                                .run(0, models.experience(8, 3))
                                .applied())
                        .isTrue();
            }
            assertThat(inTurns.everything()).isEqualTo(beside.everything());
        }
    }
}
