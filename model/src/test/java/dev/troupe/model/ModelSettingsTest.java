package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
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
    void shouldNameTheKeyOfAValueItDoesNotKnow() {
        for (String key : new String[] {"device", "adapter.mode", "dtype"}) {
            Config config = ConfigFactory.parseString(key + " = strange").withFallback(DEFAULTS);
            assertThatThrownBy(() -> ModelSettings.from(config))
                    .hasMessageContaining(key)
                    .hasMessageContaining("strange");
        }
    }
}
