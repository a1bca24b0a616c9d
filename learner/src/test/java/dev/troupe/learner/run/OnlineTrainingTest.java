package dev.troupe.learner.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.learner.fixture.TinyModels;
import dev.troupe.learner.optim.Schedule;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OnlineTrainingTest {
    private static OnlineTraining training(TinyModels models) {
        return new OnlineTraining(
                models.update(TinyModels.settings(1, 1, 4), new Schedule(Schedule.Kind.CONSTANT, 0, 1), 0.01),
                (step, documents) -> Path.of("none"),
                OptionalLong.empty());
    }

    /** Each on a thread of its own, or both on one. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldCloseItsModelsAndThenTheirThreads(boolean inTurns) {
        TinyModels models = new TinyModels(inTurns);
        training(models).close();
        assertThatThrownBy(() -> models.policy.thread().run(() -> {})).isInstanceOf(RuntimeException.class);
        assertThatThrownBy(() -> models.valueThread().run(() -> {})).isInstanceOf(RuntimeException.class);
    }

    @Test
    void shouldTrainTheSameWeightsInTurns() {
        try (TinyModels beside = new TinyModels();
                TinyModels inTurns = new TinyModels(true)) {
            for (TinyModels models : new TinyModels[] {beside, inTurns}) {
                assertThat(models.update(TinyModels.settings(2, 2, 2), new Schedule(Schedule.Kind.CONSTANT, 0, 1), 0.01)
                                .run(0, models.experience(8, 3))
                                .applied())
                        .isTrue();
            }
            assertThat(inTurns.everything()).isEqualTo(beside.everything());
        }
    }
}
