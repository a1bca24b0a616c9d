package dev.troupe.deploy.eval;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.data.sources.Prompt;
import dev.troupe.data.sources.RowFiles;
import dev.troupe.deploy.settings.Home;
import dev.troupe.model.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Rows of data files against the ids that transformers makes of what they mean; {@code expected.py} wrote them. */
class RowsGoldenTest {
    private static final Path CASES = Path.of("src/test/resources/rows");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    @TestFactory
    Stream<DynamicTest> shouldGiveTheTokensThatTransformersGives() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode c : JSON.readTree(CASES.resolve("expected.json").toFile())) {
            tests.add(DynamicTest.dynamicTest(c.get("name").asText(), () -> {
                Path rows = Files.writeString(folder.resolve("rows.jsonl"), c.get("row") + "\n");
                Prompt prompt = RowFiles.prompts(rows).rows().get(0);
                try (Tokenizer tokenizer = tokenizer(c.get("template").asText())) {
                    int[] ids = PromptTokens.of(prompt, tokenizer);
                    assertThat(tokenizer.chatTemplate().prompt(PromptTokens.dialogue(prompt.dialogue())))
                            .isEqualTo(c.get("text").asText());
                    assertThat(ids).containsExactly(JSON.convertValue(c.get("ids"), int[].class));
                }
            }));
        }
        assertThat(tests).hasSize(26);
        return tests.stream();
    }

    private Tokenizer tokenizer(String template) throws IOException {
        Path model = Files.createDirectories(folder.resolve(template));
        Files.write(
                model.resolve("tokenizer.json"),
                Files.readAllBytes(Home.find().model("stories").resolve("tokenizer.json")));
        Files.write(
                model.resolve("tokenizer_config.json"),
                JSON.writeValueAsBytes(Map.of("chat_template", Files.readString(CASES.resolve(template)))));
        return Tokenizer.open(model);
    }
}
