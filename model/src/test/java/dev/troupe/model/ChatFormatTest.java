package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The date of chat templates, which a run fixes. */
class ChatFormatTest {
    private static ChatFormat read(String date) {
        return ModelSettings.from(ConfigFactory.parseMap(Map.of("template_date", date)))
                .chat();
    }

    @ParameterizedTest
    @CsvSource({"2024-02-29, Feb 29 2024 00:00", "2026-11-30T21:55:07, Nov 30 2026 21:55"})
    void isTheDateThatATemplateGets(String date, String expected) {
        ChatTemplate template = new ChatTemplate("{{ strftime_now('%b %d %Y %H:%M') }}", Map.of(), "a test")
                .at(read(date).date());
        assertThat(template.render(List.of(new ChatMessage("user", "hi")), true))
                .isEqualTo(expected);
    }

    @Test
    void isTheSameInAProcessWhereNoneIsSaid() {
        assertThat(read("").date()).isEqualTo(ChatFormat.OWN.date());
    }

    @ParameterizedTest
    @ValueSource(strings = {"yesterday", "2026-13-01", "2026-11-30 21:55", "30.11.2026"})
    void isRefusedWhereItIsNone(String date) {
        assertThatThrownBy(() -> read(date))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("template_date")
                .hasMessageContaining("'" + date + "'")
                .hasMessageContaining("2026-11-30T21:55:00");
    }
}
