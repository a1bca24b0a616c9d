package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Templates against the texts that transformers rendered with them. */
class ChatTemplateTest {
    private static final Path FOLDER = Path.of("src/test/resources/chat");
    private static final Map<String, String> SPECIALS = Map.of("bos_token", "<s>", "eos_token", "</s>");
    private static final String PLAIN = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}";

    private static ChatTemplate template(String text) {
        return new ChatTemplate(text, SPECIALS, "dir");
    }

    private static List<ChatMessage> user(String content) {
        return List.of(new ChatMessage("user", content));
    }

    @TestFactory
    Stream<DynamicTest> shouldRenderAsTransformersDoes() throws IOException {
        JsonNode cases = new ObjectMapper()
                .readTree(FOLDER.resolve("expected.json").toFile())
                .get("cases");
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode c : cases) {
            tests.add(DynamicTest.dynamicTest(c.get("template").asText() + " " + tests.size(), () -> {
                ChatTemplate template = template(
                        Files.readString(FOLDER.resolve(c.get("template").asText())));
                List<ChatMessage> messages = Smollm2GoldenTest.messages(c.get("messages"));
                boolean prompt = c.get("add_generation_prompt").asBoolean();
                if (c.has("refused")) {
                    assertThatThrownBy(() -> template.render(messages, prompt))
                            .isInstanceOf(ModelException.class)
                            .hasMessageContaining(c.get("refused").asText());
                } else {
                    assertThat(template.render(messages, prompt))
                            .isEqualTo(c.get("text").asText());
                }
            }));
        }
        return tests.stream();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{{7*7}}",
                "{{ 7*7 }} {{ messages }}",
                "{% for i in range(9) %}x{% endfor %}",
                "{% include 'pom.xml' %}",
                "{# gone #} {% raw %}{{ 1 }}{% endraw %}",
                "%}{{ 1 }}",
                "{{ messages.getClass() }}",
                "\\{{ '{{' }}"
            })
    void shouldNeverExecuteWhatAUserSays(String said) {
        assertThat(template(PLAIN).render(user(said), false)).isEqualTo("user: " + said + "\n");
    }

    @Test
    void shouldNotLetATemplateReadFilesOrReachIntoTheJvm() {
        for (String text : List.of(
                "{% include 'troupe/model.conf' %}",
                "{% import 'troupe/model.conf' as x %}", "{% extends 'troupe/model.conf' %}")) {
            assertThatThrownBy(() -> template(text).render(user("a"), false))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("the chat template of dir");
        }
    }

    @Test
    void shouldTellWhatATemplateThatCannotBeReadIsFrom() {
        assertThatThrownBy(() -> template("{% for m in messages %}").render(user("a"), false))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("the chat template of dir");
    }

    @Test
    void shouldNoticeAnswersThatDoNotEnd() {
        assertThat(template(PLAIN).endsAnswersWith("</s>")).isFalse();
        assertThat(template("{{ eos_token }}" + PLAIN).endsAnswersWith("</s>")).isFalse();
        assertThat(template(PLAIN + "{{ eos_token }}").endsAnswersWith("</s>")).isTrue();
        assertThat(template(PLAIN).endsAnswersWith("")).isFalse();
    }
}
