package dev.troupe.train.optim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.train.golden.Golden;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ScheduleGoldenTest {
    static Stream<Golden.Case> cases() {
        return Golden.cases("schedule", c -> c.kind().equals("schedule"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void ratesAreThoseOfTransformers(Golden.Case golden) {
        var hyper = golden.hyper();
        Schedule schedule = new Schedule(
                Schedule.Kind.of(hyper.get("schedule").asText()),
                hyper.get("warmup_ratio").asDouble(),
                hyper.get("steps").asInt());
        double[] rates = new double[schedule.steps()];
        for (int i = 0; i < rates.length; i++) {
            rates[i] = hyper.get("lr").asDouble() * schedule.factor(i);
        }
        golden.check("lr", rates);
        golden.check("lr_after_last", hyper.get("lr").asDouble() * schedule.factor(schedule.steps()));
        if (schedule.kind() != Schedule.Kind.CONSTANT) {
            assertThat(schedule.warmupSteps())
                    .isEqualTo(hyper.get("warmup_steps").asInt());
        }
    }
}
