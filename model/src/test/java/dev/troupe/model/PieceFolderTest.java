package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Folders with a tokenizer.model: what the files beside it say, and what is refused. */
class PieceFolderTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private byte[] model(String name) throws IOException {
        try (InputStream file =
                Objects.requireNonNull(PieceFolderTest.class.getResourceAsStream("/sentencepiece.json"))) {
            for (JsonNode golden : JSON.readTree(file)) {
                if (golden.path("name").asText().equals(name)) {
                    Files.write(
                            folder.resolve("tokenizer.model"),
                            golden.path("model").binaryValue());
                    return golden.path("model").binaryValue();
                }
            }
        }
        throw new IllegalArgumentException(name);
    }

    private void settings(String json) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), json);
    }

    private int[] encoded(String text, boolean special) {
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            return tokenizer.encode(text, special);
        }
    }

    @Test
    void shouldPutBosInFrontUnlessItIsSaidNotTo() throws IOException {
        model("llama");
        int[] plain = encoded("the cat", false);
        assertThat(encoded("the cat", true)).startsWith(1).endsWith(plain).hasSize(plain.length + 1);
        settings("{\"add_bos_token\":false}");
        assertThat(encoded("the cat", true)).isEqualTo(plain);
        settings("{\"add_bos_token\":true,\"add_eos_token\":true}");
        assertThat(encoded("<s>the cat", true)).startsWith(1).endsWith(plain).hasSize(plain.length + 1);
    }

    @Test
    void shouldNameTheModelsOwnRoles() throws IOException {
        model("gemma");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.bosId()).isEqualTo(2);
            assertThat(tokenizer.eosId()).isEqualTo(1);
            assertThat(tokenizer.padId()).isEqualTo(0);
        }
    }

    @Test
    void shouldRenameAFreePieceToTheAddedTokenOfItsId() throws IOException {
        model("internlm2");
        int[] before = encoded("the cat", false);
        settings("{\"added_tokens_decoder\":{\"3\":{\"content\":\"<|im_end|>\",\"special\":true,\"rstrip\":true}}}");
        assertThat(encoded("the cat<|im_end|>", false))
                .startsWith(before)
                .endsWith(3)
                .hasSize(before.length + 1);
        assertThat(encoded("the cat<|im_end|> \n", false)).endsWith(3); // it takes the space behind it
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.decode(new int[] {3}, false)).isEqualTo("<|im_end|>");
        }
        settings("{\"added_tokens_decoder\":{\"300\":{\"content\":\"<|im_end|>\"}}}");
        assertThatThrownBy(() -> encoded("a", false))
                .hasMessageContaining("id 300 is '<|im_end|>', in tokenizer.json it is");
    }

    @Test
    void shouldTakeTheSpaceInFrontFromTheSettings() throws IOException {
        model("llama");
        int[] with = encoded("the cat", false);
        settings("{\"add_prefix_space\":false}");
        assertThat(encoded(" the cat", false)).isEqualTo(with);
        assertThat(encoded("the cat", false)).isNotEqualTo(with);
    }

    @Test
    void shouldDecodeWhatItEncoded() throws IOException {
        for (String name : new String[] {"llama", "gemma", "baichuan", "unigram with bytes and symbols"}) {
            model(name);
            try (Tokenizer tokenizer = Tokenizer.open(folder)) {
                String text = "the cat 日本語 🙂 <0x41> it's";
                assertThat(tokenizer.decode(tokenizer.encode(text, true)))
                        .as(name)
                        .isEqualTo(text);
            }
        }
    }

    @Test
    void shouldCopyATokenizerJsonOnlyWhereItSaysTheSame() throws IOException {
        for (String[] c :
                new String[][] {{"llama", "true"}, {"gemma", "true"}, {"unigram", "false"}, {"internlm2", "false"}}) {
            model(c[0]);
            Path copy = Files.createTempDirectory(folder, "copy");
            TokenizerFiles.copy(folder, copy);
            assertThat(Files.exists(copy.resolve("tokenizer.json"))).as(c[0]).isEqualTo(Boolean.valueOf(c[1]));
            assertThat(copy.resolve("tokenizer.model")).hasSameBinaryContentAs(folder.resolve("tokenizer.model"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"sp_model_kwargs\":{\"enable_sampling\":true}} | enable_sampling = true",
                "{\"do_lower_case\":true} | do_lower_case = true is not supported",
                "{\"added_tokens_decoder\":{\"500\":{\"content\":\"<x>\",\"single_word\":true}},\"legacy\":false}"
                        + " | single_word of the token '<x>'",
            })
    void shouldRefuseSettingsByName(String settings, String reason) throws IOException {
        model("llama");
        settings(settings);
        assertThatThrownBy(() -> encoded("a", false))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("tokenizer_config.json")
                .hasMessageContaining(reason);
    }

    @Test
    void shouldRefuseOtherFormsByName() throws IOException {
        Files.writeString(folder.resolve("qwen.tiktoken"), "IQ== 0\n");
        assertThatThrownBy(() -> Tokenizer.open(folder)).hasMessageContaining("only qwen.tiktoken, which is not read");
        Files.writeString(folder.resolve("tokenizer.model"), "IQ== 0\nIg== 1\nIw== 2\n");
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("tokenizer.model is no SentencePiece model")
                .hasMessageContaining("tiktoken files are not supported");
    }

    /** model_type (field 3 of field 2) is set to words (3) by hand. */
    @Test
    void shouldRefuseOtherKindsOfModels() throws IOException {
        Files.write(
                folder.resolve("tokenizer.model"), new byte[] {0x0a, 0x03, 0x0a, 0x01, 'a', 0x12, 0x02, 0x18, 0x03});
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("tokenizer.model: model_type = 3 is not supported");
    }

    @Test
    void shouldSurviveDamagedFiles() throws IOException {
        byte[] whole = model("pairs, few spaces, own rules");
        Random random = new Random(5);
        int refused = 0;
        for (int i = 0; i < 3000; i++) {
            byte[] damaged = random.nextBoolean() ? whole.clone() : Arrays.copyOf(whole, random.nextInt(whole.length));
            for (int k = random.nextInt(4); k > 0 && damaged.length > 0; k--) {
                int at = random.nextBoolean()
                        ? random.nextInt(damaged.length)
                        : damaged.length - 1 - random.nextInt(Math.min(400, damaged.length));
                damaged[at] = (byte) random.nextInt(256);
            }
            Files.write(folder.resolve("tokenizer.model"), damaged);
            try {
                TokenizerFiles files = TokenizerFiles.of(folder);
                if (files.pieces() != null) {
                    files.pieces()
                            .ids(
                                    "the cat ﬁ\u00c5\u0301 … <u>",
                                    part -> part.getBytes(StandardCharsets.UTF_8).length > 0 ? new int[1] : new int[0]);
                }
            } catch (ModelException e) {
                assertThat(e).hasMessageContaining("tokenizer.model");
                refused++;
            }
        }
        assertThat(refused).isBetween(500, 2999);
    }
}
