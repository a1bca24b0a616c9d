package dev.troupe.train.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.train.TrainSettings;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GkdTest {
    private static Algorithm gkd(String settings) {
        Config own = ConfigFactory.parseString("algorithm = gkd\n" + settings);
        return TrainSettings.algorithm(own.withFallback(Algorithms.preset("gkd")), 16, Map.of());
    }

    @Test
    void takesTrlsDefaults() {
        Distillation asked = gkd("").needs().teacher();
        assertThat(asked).isEqualTo(new Distillation(0.5, 0, 1, 0.5, false));
        assertThat(gkd("beta = 0, teacher.top_k = 32, teacher.temperature = 2, lmbda = 1, seq_kd = true")
                        .needs()
                        .teacher())
                .isEqualTo(new Distillation(0, 32, 2, 1, true));
    }

    @Test
    void wrongSettingsAreNamed() {
        assertThatThrownBy(() -> gkd("beta = 1.5")).hasMessage("beta = 1.5: expected 0 to 1");
        assertThatThrownBy(() -> gkd("beta = -0.1")).hasMessage("beta = -0.1: expected 0 to 1");
        assertThatThrownBy(() -> gkd("lmbda = 1.01")).hasMessage("lmbda = 1.01: expected 0 to 1");
        assertThatThrownBy(() -> gkd("lmbda = -1")).hasMessage("lmbda = -1: expected 0 to 1");
        assertThatThrownBy(() -> gkd("num_generations = 4"))
                .hasMessageContaining("num_generations = 4: with lmbda below 1");
        assertThat(gkd("num_generations = 4, seq_kd = true").name()).isEqualTo("gkd");
        assertThatThrownBy(() -> gkd("teacher.top_k = -1")).hasMessage("teacher.top_k = -1: expected at least 0");
        assertThatThrownBy(() -> gkd("teacher.temperature = 0"))
                .hasMessage("teacher.temperature = 0: expected above 0");
        assertThatThrownBy(() -> gkd("off_policy.correction = truncated_is"))
                .hasMessageContaining("gkd has no ratio to correct");
    }
}
