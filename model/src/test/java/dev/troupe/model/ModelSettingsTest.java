package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelSettingsTest {
    private static final Config DEFAULTS = ConfigFactory.parseResources("troupe/model.conf");

    @Test
    void shouldReadItsDefaults() {
        assertThat(ModelSettings.from(DEFAULTS).policy()).isEqualTo("stories");
    }

    @Test
    void shouldReadTheNumberFormatAndWhatIsKept() {
        Config config = ConfigFactory.parseString("dtype = bf16, model.gradient_checkpointing = true");
        assertThat(ModelSettings.from(config).numerics()).isEqualTo(new Numerics(Dtype.BF16, true));
    }

    @Test
    void shouldReadAnAdaptersNumbers() {
        Config config = ConfigFactory.parseString(
                        "adapter { mode = qlora, r = 4, alpha = 6, rslora = true, targets = \"q_proj, v_proj\" }")
                .withFallback(DEFAULTS);
        ModelSettings settings = ModelSettings.from(config);
        assertThat(settings.mode()).isEqualTo(ModelSettings.Mode.QLORA);
        assertThat(settings.adapter()).isEqualTo(new AdapterConfig(4, 6, 0, true, List.of("q_proj", "v_proj")));
        assertThat(settings.adapter().scaling("q_proj")).isEqualTo(3);
        assertThat(ModelSettings.from(DEFAULTS).adapter().scaling("q_proj")).isEqualTo(2);
    }

    @Test
    void shouldNameTheKeyOfAValueItDoesNotKnow() {
        for (String key : new String[] {"device", "adapter.mode", "dtype"}) {
            Config config = ConfigFactory.parseString(key + " = strange").withFallback(DEFAULTS);
            assertThatThrownBy(() -> ModelSettings.from(config))
                    .hasMessageContaining(key)
                    .hasMessageContaining("strange");
        }
    }
}
