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
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Folders of special_tokens.py: names, ids and texts as transformers 5.23 has them. */
class SpecialTokensGoldenTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path work;

    @TestFactory
    List<DynamicTest> shouldReadSpecialAndAddedTokensAsTransformers() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode golden : golden()) {
            String name = golden.path("name").asText();
            tests.add(DynamicTest.dynamicTest(name, () -> check(golden)));
        }
        assertThat(tests).hasSizeGreaterThan(15);
        return tests;
    }

    private static JsonNode golden() throws IOException {
        try (InputStream file =
                Objects.requireNonNull(SpecialTokensGoldenTest.class.getResourceAsStream("/special-tokens.json"))) {
            return JSON.readTree(file);
        }
    }

    private void check(JsonNode golden) throws IOException {
        Path folder = Files.createTempDirectory(work, "case");
        for (Map.Entry<String, JsonNode> file : golden.path("files").properties()) {
            Files.writeString(folder.resolve(file.getKey()), file.getValue().toString());
        }
        JsonNode expected = golden.path("expected");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(JSON.<JsonNode>valueToTree(
                            TokenizerFiles.of(folder).specials().named()))
                    .isEqualTo(expected.path("named"));
            for (Map.Entry<String, JsonNode> e : expected.path("ids").properties()) {
                int[] ids = JSON.convertValue(e.getValue(), int[].class);
                assertThat(tokenizer.encode(e.getKey(), true)).as(e.getKey()).isEqualTo(ids);
                assertThat(tokenizer.decode(ids))
                        .as(e.getKey())
                        .isEqualTo(expected.path("texts").path(e.getKey()).asText());
            }
        }
    }
}
