package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.experience.Sequence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Which tokens of a dialogue are the assistant's, against transformers' mask; trained_golden.py made the cases. */
class TrainedTokensTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path GOLDEN = Path.of("src/test/resources/golden/trained");

    @TempDir
    Path folder;

    static Stream<String> cases() throws IOException {
        List<String> lines = Files.readAllLines(GOLDEN.resolve("cases.jsonl"));
        assertThat(lines).hasSizeGreaterThan(10);
        return lines.stream();
    }

    private Tokenizer tokenizer(String template) throws IOException {
        Files.copy(
                GOLDEN.resolve("tokenizer.json"),
                folder.resolve("tokenizer.json"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        ObjectNode config = JSON.createObjectNode();
        config.put("eos_token", "<|im_end|>").put("pad_token", "<|im_end|>").put("chat_template", template);
        JSON.writeValue(folder.resolve("tokenizer_config.json").toFile(), config);
        return Tokenizer.open(folder);
    }

    @SuppressWarnings("unchecked") // the keys of a JSON object are texts
    private static Dialogue dialogue(JsonNode messages) {
        return new Dialogue(Stream.of(JSON.convertValue(messages, Map[].class))
                .map(m -> new ChatMessage((Map<String, Object>) m))
                .toList());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void areThoseOfTransformersWithTagsAndWithout(String line) throws IOException {
        JsonNode golden = JSON.readTree(line);
        int[] mask = JSON.convertValue(golden.get("trained"), int[].class);
        boolean[] trained = new boolean[mask.length];
        for (int i = 0; i < mask.length; i++) {
            trained[i] = mask[i] == 1;
        }
        Sequence expected = new Sequence(JSON.convertValue(golden.get("ids"), int[].class), trained);
        for (String template : List.of("tagged", "plain")) {
            try (Tokenizer tokenizer = tokenizer(golden.get(template).asText())) {
                assertThat(tokenizer.trained(dialogue(golden.get("messages"))))
                        .as(golden.get("name").asText() + ", " + template)
                        .isEqualTo(expected);
            }
        }
    }

    /** As gpt-oss ends its last turn, and as Mistral Nemo writes a system text into a question that is the last. */
    @Test
    void noQuestionIsTrainedWhereATemplateWritesOtherwise() throws IOException {
        ChatMessage system = new ChatMessage("system", "s");
        ChatMessage question = new ChatMessage("user", "a question");
        ChatMessage answer = new ChatMessage("assistant", "an answer");
        String returning = "{% for m in messages %}<{{ m.role }}>{{ m.content }}"
                + "{{ eos_token if loop.last else '<|end|>' }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";
        try (Tokenizer tokenizer = tokenizer(returning)) {
            Dialogue twice = new Dialogue(List.of(question, answer, question, answer));
            assertThatThrownBy(() -> tokenizer.trained(twice))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("differently when more turns follow");
        }
        String late = "{% for m in messages %}{% if m.role == 'user' %}[{{ 's ' if loop.last }}{{ m.content }}]"
                + "{% elif m.role == 'assistant' %}{{ m.content + eos_token }}{% endif %}{% endfor %}";
        try (Tokenizer tokenizer = tokenizer(late)) {
            Dialogue prompt = new Dialogue(List.of(system, question));
            assertThatThrownBy(() -> tokenizer.answered(prompt, new Dialogue(List.of(system, question, answer))))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("writes the prompt differently when its answer follows");
        }
    }

    @Test
    void aTemplateThatHidesWhereAnAnswerStandsIsRefused() throws IOException {
        Dialogue dialogue = new Dialogue(List.of(
                new ChatMessage("user", "a"),
                new ChatMessage("assistant", "b"),
                new ChatMessage("user", "c"),
                new ChatMessage("assistant", "d")));
        try (Tokenizer tokenizer =
                tokenizer("{{ messages | length }}{% for m in messages %}{{ m.content }}{% endfor %}")) {
            assertThatThrownBy(() -> tokenizer.trained(dialogue))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("the assistant's turn 2")
                    .hasMessageContaining("train_on_inputs = true");
        }
        try (Tokenizer tokenizer = tokenizer("{% set x %}{% generation %}a{% endgeneration %}{% endset %}{{ x }}b")) {
            assertThatThrownBy(() -> tokenizer.trained(dialogue))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("a generation tag inside a macro");
        }
    }
}
