package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Folders with a tokenizer.model only: ids as sentencepiece itself gives them (sentencepiece_models.py). */
class SentencePieceModelTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path work;

    @TestFactory
    List<DynamicTest> shouldGiveTheIdsOfSentencepiece() throws IOException {
        try (InputStream file =
                Objects.requireNonNull(SentencePieceModelTest.class.getResourceAsStream("/sentencepiece.json"))) {
            return tests(JSON.readTree(file), 11);
        }
    }

    @TestFactory
    List<DynamicTest> shouldGiveTheIdsOfSentencepieceWithItsOwnRules() throws IOException {
        Path golden = work.resolve("all.json");
        Python.run(work, "sentencepiece_models.py", "all", golden.toString());
        return tests(JSON.readTree(golden.toFile()), 18);
    }

    private List<DynamicTest> tests(JsonNode cases, int count) {
        List<DynamicTest> tests = new ArrayList<>();
        cases.forEach(c -> tests.add(DynamicTest.dynamicTest(c.path("name").asText(), () -> check(c))));
        assertThat(tests).hasSize(count);
        return tests;
    }

    private void check(JsonNode golden) throws IOException {
        Path folder = Files.createTempDirectory(work, "case");
        Files.write(folder.resolve("tokenizer.model"), golden.path("model").binaryValue());
        boolean once = golden.path("name").asText().contains("legacy = false");
        Files.writeString(folder.resolve("tokenizer_config.json"), once ? "{\"legacy\":false}" : "{}");
        same(folder, golden.path("texts"));
        // A copy has a tokenizer.json where that says the same, and the model in any case.
        Path copy = Files.createDirectory(folder.resolve("copy"));
        TokenizerFiles.copy(folder, copy);
        assertThat(copy.resolve("tokenizer.model")).exists();
        same(copy, golden.path("texts"));
    }

    private static void same(Path folder, JsonNode texts) {
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            SoftAssertions softly = new SoftAssertions();
            for (JsonNode row : texts) {
                String text = row.path(0).asText();
                softly.assertThat(tokenizer.encode(text, false))
                        .as("'%s'", text)
                        .isEqualTo(JSON.convertValue(row.path(1), int[].class));
            }
            softly.assertAll();
        }
    }
}
