package dev.troupe.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.Tokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The vocabularies that llama.cpp's source has, with the ids that it expects for its texts. */
class GgufVocabulariesTest {
    private static final String BETWEEN = "\n__ggml_vocab_test__\n";

    private Path models = Path.of("");

    @BeforeEach
    void find() {
        String given = System.getProperty("troupe.llamacpp", "");
        Assumptions.assumeFalse(given.isBlank(), "-Dtroupe.llamacpp (the source of llama.cpp) is not given");
        models = Path.of(given, "models");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "command-r",
                "deepseek-coder",
                "deepseek-llm",
                "gpt-2",
                "llama-bpe",
                "llama-spm",
                "mpt",
                "phi-3",
                "qwen2",
                "refact",
                "starcoder"
            })
    void shouldGiveTheIdsThatLlamaCppExpects(String name) throws IOException {
        Path file = models.resolve("ggml-vocab-" + name + ".gguf");
        String[] texts = Files.readString(Path.of(file + ".inp")).split(BETWEEN, -1);
        List<String> ids = Files.readAllLines(Path.of(file + ".out"));
        assertThat(ids).hasSizeGreaterThan(40);
        try (Tokenizer tokenizer = Tokenizer.open(file)) {
            for (int i = 0; i < ids.size(); i++) {
                int[] expected = Arrays.stream(ids.get(i).trim().split(" +"))
                        .filter(id -> !id.isEmpty())
                        .mapToInt(Integer::parseInt)
                        .toArray();
                assertThat(tokenizer.encode(texts[i], false))
                        .as(name + ": " + texts[i])
                        .isEqualTo(expected);
            }
        }
    }

    /** Their keys are those of files that people have. */
    @ParameterizedTest
    @ValueSource(strings = {"baichuan", "deepseek-coder", "deepseek-llm", "llama-bpe", "llama-spm", "phi-3", "qwen2"})
    void shouldKnowAllKeysOfRealFiles(String name) throws IOException {
        byte[] bytes = Files.readAllBytes(models.resolve("ggml-vocab-" + name + ".gguf"));
        GgufMetadata data =
                GgufHeader.parse(ByteBuffer.wrap(bytes), bytes.length, name).metadata();
        GgufKeys.check(data, GgufArchitecture.of(data));
    }

    @Test
    void shouldRefuseAKindOfTokenizerByName() {
        assertThatThrownBy(() -> Tokenizer.open(models.resolve("ggml-vocab-bert-bge.gguf")))
                .hasMessageContaining("tokenizer.ggml.model = bert is not supported");
        assertThatThrownBy(() -> Tokenizer.open(models.resolve("ggml-vocab-falcon.gguf")))
                .hasMessageContaining("tokenizer.ggml.pre = falcon is not known");
    }
}
