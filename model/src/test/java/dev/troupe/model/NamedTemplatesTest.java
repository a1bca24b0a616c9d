package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shipped chat templates against texts put together by hand (named_templates.py), and which template is taken. */
class NamedTemplatesTest {
    private static final List<ChatMessage> HI = List.of(new ChatMessage("user", "hi"));

    @TempDir
    Path folder;

    @Test
    void shouldGiveThePublishedFormats() throws IOException {
        TreeSet<String> seen = new TreeSet<>();
        try (InputStream file =
                Objects.requireNonNull(NamedTemplatesTest.class.getResourceAsStream("/named-templates.json"))) {
            for (JsonNode row : new ObjectMapper().readTree(file)) {
                String name = row.path("template").asText();
                seen.add(name);
                ChatTemplate template = new ChatTemplate(
                        Objects.requireNonNull(NamedTemplates.named(name)),
                        Map.of("bos_token", "<s>", "eos_token", "</s>"),
                        name);
                List<ChatMessage> messages = new ArrayList<>();
                row.path("messages")
                        .forEach(m -> messages.add(new ChatMessage(
                                m.path("role").asText(), m.path("content").asText())));
                assertThat(template.render(messages, row.path("ask").asBoolean()))
                        .as("%s of %s", name, row.path("messages"))
                        .isEqualTo(row.path("text").asText());
            }
        }
        assertThat(seen).containsExactlyInAnyOrderElementsOf(NamedTemplates.NAMES);
    }

    private Tokenizer open(String template) throws IOException {
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{\"version\":\"1.0\",\"added_tokens\":[],\"normalizer\":null,\"pre_tokenizer\":null,\"post_processor\":null,"
                        + "\"decoder\":null,\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"</s>\":1},\"merges\":[]}}");
        return Tokenizer.open(folder, ChatFormat.named(template));
    }

    private String text(String template, boolean tools) throws IOException {
        try (Tokenizer tokenizer = open(template)) {
            return tokenizer.chatTemplate(tools).render(HI, false);
        }
    }

    private void settings(String template) throws IOException {
        Files.writeString(
                folder.resolve("tokenizer_config.json"), "{\"eos_token\":\"</s>\",\"chat_template\":" + template + "}");
    }

    /** The order of transformers 5.23: files, then tokenizer_config.json; and tool_use when there are tools. */
    @Test
    void shouldTakeOneOfTheModelsTemplates() throws IOException {
        settings("[{\"name\":\"default\",\"template\":\"A\"},{\"name\":\"tool_use\",\"template\":\"T\"},"
                + "{\"name\":\"rag\",\"template\":\"R\"}]");
        assertThat(text("", false)).isEqualTo("A");
        assertThat(text("", true)).isEqualTo("T");
        assertThat(text("rag", false)).isEqualTo("R");
        settings("{\"default\":\"B\",\"rag\":\"R\",\"chatml\":\"own\"}");
        assertThat(text("", true)).isEqualTo("B");
        assertThat(text("chatml", false)).isEqualTo("own");
        Files.writeString(folder.resolve("chat_template.jinja"), "J");
        assertThat(text("", false)).isEqualTo("J");
        Path more = Files.createDirectory(folder.resolve("additional_chat_templates"));
        Files.writeString(more.resolve("tool_use.jinja"), "X");
        assertThat(text("", true)).isEqualTo("X");
        Files.writeString(more.resolve("default.jinja"), "D");
        assertThat(text("", false)).isEqualTo("D");
    }

    /** A dialogue with tools is encoded by tool_use, without a default too. */
    @Test
    void shouldEncodeADialogueWithToolsByToolUse() throws IOException {
        settings("[{\"name\":\"default\",\"template\":\"a\"},{\"name\":\"tool_use\",\"template\":\"aa\"}]");
        Dialogue tools = new Dialogue(HI, List.of(java.util.Map.of("name", "f")), java.util.Map.of());
        try (Tokenizer tokenizer = open("")) {
            assertThat(tokenizer.decode(tokenizer.encodePrompt(tools))).isEqualTo("a a");
            assertThat(tokenizer.decode(tokenizer.encode(tools, false))).isEqualTo("a a");
            assertThat(tokenizer.decode(tokenizer.encodePrompt(new Dialogue(HI))))
                    .isEqualTo("a");
        }
        settings("[{\"name\":\"rag\",\"template\":\"a\"},{\"name\":\"tool_use\",\"template\":\"aa\"}]");
        try (Tokenizer tokenizer = open("")) {
            assertThat(tokenizer.decode(tokenizer.encodePrompt(tools))).isEqualTo("a a");
        }
    }

    @Test
    void shouldTakeTheTemplateOfAProcessorLast() throws IOException {
        Files.writeString(folder.resolve("chat_template.json"), "{\"chat_template\":\"P\"}");
        assertThat(text("", false)).isEqualTo("P");
        settings("\"A\"");
        assertThat(text("", false)).isEqualTo("A");
    }

    @Test
    void shouldRefuseSeveralTemplatesWithoutADefault() throws IOException {
        settings("{\"rag\":\"R\",\"chat\":\"C\"}");
        assertThatThrownBy(() -> text("", false))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("has chat templates [chat, rag] and none called default");
        try (Tokenizer tokenizer = open("")) {
            assertThat(tokenizer.foreignTemplate()).isNull(); // plain texts need none
        }
        assertThatThrownBy(() -> text("lama3", false))
                .hasMessageContaining("template = lama3 is not known: expected one that the model has, [chat, rag]")
                .hasMessageContaining("llama3");
        assertThatThrownBy(() -> text("nowhere.jinja", false)).hasMessageContaining("nowhere.jinja cannot be read");
    }

    @Test
    void shouldTakeChatmlForAModelWithoutATemplate() throws IOException {
        settings("null");
        assertThat(text("", false)).isEqualTo("<|im_start|>user\nhi<|im_end|>\n");
        assertThat(text("zephyr", false)).isEqualTo("<|user|>\nhi</s>\n");
        try (Tokenizer tokenizer = open("")) {
            assertThat(tokenizer.templateEndsAnswers()).isFalse(); // its end is <|im_end|>, plain text here
        }
        try (Tokenizer tokenizer = open("zephyr")) {
            assertThat(tokenizer.templateEndsAnswers()).isTrue();
        }
    }

    @Test
    void shouldCopyTemplatesAndTheOneThatWasUsed() throws IOException {
        settings("\"A\"");
        Path more = Files.createDirectory(folder.resolve("additional_chat_templates"));
        Files.writeString(more.resolve("rag.jinja"), "R");
        Files.writeString(folder.resolve("added_tokens.json"), "{}");
        Path copy = Files.createDirectory(folder.resolve("copy"));
        try (Tokenizer tokenizer = open("rag")) {
            assertThat(tokenizer.foreignTemplate()).isNull(); // none was used
            assertThat(tokenizer.chatTemplate().render(HI, false)).isEqualTo("R");
            tokenizer.save(copy);
        }
        assertThat(copy.resolve("added_tokens.json")).exists();
        try (Tokenizer tokenizer = Tokenizer.open(copy)) {
            assertThat(tokenizer.chatTemplate().render(HI, false)).isEqualTo("R");
        }
        try (Tokenizer tokenizer = Tokenizer.open(copy, ChatFormat.named("rag"))) {
            assertThat(tokenizer.chatTemplate().render(HI, false)).isEqualTo("R");
        }
    }
}
