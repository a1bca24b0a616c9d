package dev.troupe.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.HalfFloats;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelException;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.Tokenizer;
import dev.troupe.model.TokenizerFiles;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written is read again: by the reader here, which the golden file holds, and elsewhere by transformers. */
class GgufWriteTest {
    private static final Path MODELS = Path.of("src/test/resources/golden/models");
    private static final List<String> TEXTS =
            List.of("ab12 <s>b", "", " ", "a  b\n\nc 2024", "don't É日本 \u0001", "</s><s> ab");

    @TempDir
    Path folder;

    private Path tokenizer;

    /** A byte-level tokenizer, smollm's cut, out of a small GGUF file. */
    @BeforeEach
    void makeATokenizer() {
        GgufBytes file = new GgufBytes();
        file.keys.text("general.architecture", "llama");
        file.keys.text(GgufTokenizer.MODEL, "gpt2");
        file.keys.text(GgufTokenizer.PRE, "smollm");
        file.keys.texts(GgufTokenizer.TOKENS, List.of("<s>", "</s>", "a", "b", "ab", "\u0120", "1", "2"));
        file.keys.ints(GgufTokenizer.TYPES, new int[] {3, 3, 1, 1, 1, 1, 1, 1});
        file.keys.texts(GgufTokenizer.MERGES, List.of("a b"));
        file.keys.uint32("tokenizer.ggml.bos_token_id", 0);
        file.keys.uint32("tokenizer.ggml.eos_token_id", 1);
        file.keys.flag(GgufTokenizer.ADD_BOS, true);
        file.keys.text(GgufTokenizer.TEMPLATE, "{{ bos_token }}{{ messages[0].content }}");
        tokenizer = folder.resolve("tokenizer");
        GgufHeader header = GgufHeader.parse(ByteBuffer.wrap(file.header()), 1 << 20, "x");
        write(GgufTokenizer.read(header.metadata()), tokenizer);
    }

    private static void write(TokenizerFiles files, Path to) {
        try {
            Files.createDirectories(to);
            Files.write(to.resolve("tokenizer.json"), files.tokenizer());
            ObjectNode settings = files.settings().deepCopy();
            settings.put("chat_template", files.template());
            Files.writeString(to.resolve("tokenizer_config.json"), settings.toString());
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private ModelFolder golden(String name) {
        ModelFolder model = ModelFolder.open(MODELS.resolve(name));
        Path copy = folder.resolve(name);
        ModelFolder.save(copy, model.config(), model.weights(), tokenizer);
        return ModelFolder.open(copy);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa-tied", "llama3-rope-untied", "qwen2-bias", "qwen3-qknorm"})
    void shouldKeepEveryFamily(String name) {
        ModelFolder model = golden(name);
        for (GgufWriter.Dtype dtype : GgufWriter.Dtype.values()) {
            Path file = folder.resolve(dtype + ".gguf");
            GgufWriter.write(file, model, dtype);
            ModelFolder read = ModelFolder.open(file);
            assertThat(read.config().family()).isEqualTo(model.config().family());
            assertThat(read.config().tied()).isEqualTo(model.config().tied());
            assertThat(read.config().rope()).isEqualTo(model.config().rope());
            assertThat(read.config().eosIds()).containsExactly(1, 2); // the tokenizer's, then the model's
            assertThat(read.weights().names()).isEqualTo(model.weights().names());
            for (String tensor : model.weights().names()) {
                near(
                        tensor + " as " + dtype,
                        model.weights().get(tensor).floats(),
                        HalfFloats.floats(read.weights().get(tensor)),
                        model.weights().get(tensor).shape(),
                        dtype);
            }
        }
    }

    /** F16 keeps 11 bits, BF16 8; Q8_0 rounds to the largest of 32 / 127 and stores that as F16. */
    private static void near(String what, float[] expected, float[] found, long[] shape, GgufWriter.Dtype dtype) {
        for (int i = 0; i < expected.length; i++) {
            double room;
            if (shape.length == 1) {
                room = 0;
            } else if (dtype == GgufWriter.Dtype.Q8_0 && shape[1] % 32 == 0) {
                double largest = 0;
                for (int k = i / 32 * 32; k < i / 32 * 32 + 32; k++) {
                    largest = Math.max(largest, Math.abs(expected[k]));
                }
                room = largest / 127 * 0.5 + largest * 0x1p-11;
            } else {
                room = Math.abs(expected[i]) * (dtype == GgufWriter.Dtype.BF16 ? 0x1p-8 : 0x1p-11) + 0x1p-25;
            }
            assertThat((double) found[i]).as(what + "[" + i + "]").isBetween(expected[i] - room, expected[i] + room);
        }
    }

    @Test
    void shouldKeepTheTokenizerAndItsTemplate() {
        ModelFolder model = golden("llama-gqa-tied");
        Path file = folder.resolve("x.gguf");
        GgufWriter.write(file, model, GgufWriter.Dtype.F16);
        Path again = folder.resolve("again");
        ModelFolder read = ModelFolder.open(file);
        ModelFolder.save(again, read.config(), HalfFloats.as(DataType.DATA_TYPE_BF16, read.weights()), file);
        assertThat(ModelFolder.open(again)
                        .weights()
                        .get("model.embed_tokens.weight")
                        .dtype())
                .isEqualTo(DataType.DATA_TYPE_BF16);
        try (Tokenizer first = Tokenizer.open(tokenizer);
                Tokenizer second = Tokenizer.open(file);
                Tokenizer third = Tokenizer.open(again)) {
            for (String text : TEXTS) {
                assertThat(second.encode(text, true)).as(text).isEqualTo(first.encode(text, true));
                assertThat(third.encode(text, true)).as(text).isEqualTo(first.encode(text, true));
            }
            assertThat(first.encode("a", true)).containsExactly(0, 2);
            assertThat(new int[] {third.bosId(), third.eosId()}).containsExactly(0, 1);
            assertThat(third.encode(List.of(new dev.troupe.model.ChatMessage("user", "ab")), true))
                    .containsExactly(0, 4);
        }
    }

    /** The template for dialogues with tools has a key of its own, as the gguf package writes it. */
    @Test
    void shouldKeepTemplatesByName() throws IOException {
        ModelFolder model = golden("llama-gqa-tied");
        Path settings = model.path().resolve("tokenizer_config.json");
        ObjectNode named = (ObjectNode) new ObjectMapper().readTree(Files.readAllBytes(settings));
        named.remove("chat_template");
        named.withArray("chat_template").addObject().put("name", "default").put("template", "plain");
        named.withArray("chat_template").addObject().put("name", "tool_use").put("template", "with tools");
        Files.writeString(settings, named.toString());
        Path file = folder.resolve("x.gguf");
        GgufWriter.write(file, model, GgufWriter.Dtype.F16);
        GgufHeader header = GgufHeader.parse(ByteBuffer.wrap(Files.readAllBytes(file)), Files.size(file), "x");
        assertThat(header.metadata().text("tokenizer.chat_template")).isEqualTo("plain");
        assertThat(header.metadata().text("tokenizer.chat_template.tool_use")).isEqualTo("with tools");
        assertThat(header.metadata().list("tokenizer.chat_templates", GgufArray::strings))
                .containsExactly("tool_use");
        Path again = folder.resolve("again");
        ModelFolder read = ModelFolder.open(file);
        ModelFolder.save(again, read.config(), HalfFloats.as(DataType.DATA_TYPE_F16, read.weights()), file);
        for (Path each : List.of(file, again)) {
            assertThat(TokenizerFiles.of(each).templatesByName())
                    .isEqualTo(java.util.Map.of("default", "plain", "tool_use", "with tools"));
        }
    }

    @ParameterizedTest
    @CsvSource({"gpt-2", "smollm", "llama-bpe", "dbrx", "qwen2", "deepseek-llm", "deepseek-coder"})
    void shouldKnowEachCutAgain(String name) {
        ObjectNode root = new ObjectMapper().createObjectNode();
        root.putObject("model");
        assertThat(PreTokenizers.describe(name, root)).isTrue();
        assertThat(PreTokenizers.nameOf(root)).isEqualTo(name);
    }

    @Test
    void shouldNameWhatHasNoFormInAFile() throws IOException {
        ModelFolder scores = ModelFolder.open(MODELS.resolve("llama-reward"));
        assertThatThrownBy(() -> GgufWriter.write(folder.resolve("x.gguf"), scores, GgufWriter.Dtype.F16))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("score.weight has no place");
        ModelFolder model = golden("llama-gqa-tied");
        Path json = model.path().resolve("tokenizer.json");
        Files.writeString(json, Files.readString(json).replace("Digits", "Whitespace"));
        assertThatThrownBy(() -> GgufWriter.write(folder.resolve("x.gguf"), model, GgufWriter.Dtype.F16))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("has no name in GGUF; known are");
        Files.delete(json);
        assertThatThrownBy(() -> GgufWriter.write(folder.resolve("x.gguf"), model, GgufWriter.Dtype.F16))
                .hasMessageContaining("has no tokenizer.json");
    }

    private static ModelConfig config(String type, String more) {
        String architecture =
                type.equals("gemma3_text") ? "Gemma3" : Character.toUpperCase(type.charAt(0)) + type.substring(1);
        return ModelConfig.parse(
                ("{'model_type': '" + type + "', 'architectures': ['" + architecture
                                + "ForCausalLM'], 'vocab_size': 48,"
                                + " 'hidden_size': 32, 'intermediate_size': 40, 'num_hidden_layers': 2,"
                                + " 'num_attention_heads': 4, 'num_key_value_heads': 2, 'head_dim': 8,"
                                + " 'max_position_embeddings': 64" + (more.isEmpty() ? "" : ", ") + more + "}")
                        .replace('\'', '"'),
                "config.json");
    }

    /** What llama.cpp's loader of the architecture does not look at, or computes otherwise. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "mistral | 'sliding_window': 16 | a mistral with a window of 16 tokens",
                "qwen2 | 'use_sliding_window': true, 'sliding_window': 16, 'max_window_layers': 1 | a window of 16 tokens",
                "llama | 'hidden_act': 'gelu' | activation GELU",
                "gemma | 'hidden_act': 'silu' | activation SILU",
                "gemma | 'tie_word_embeddings': false | a head of its own",
                "olmo2 | 'tie_word_embeddings': true | the embedding as its head",
                "qwen3 | 'attention_bias': true | biases in attention's output",
                "olmo2 | 'attention_bias': true | biases in attention's output",
                "llama | 'rope_scaling': {'rope_type': 'yarn', 'factor': 4.0, 'truncate': false} | is not truncated",
                "qwen2 | 'rope_scaling': {'rope_type': 'llama3', 'factor': 4.0, 'low_freq_factor': 1.0, 'high_freq_factor': 4.0, 'original_max_position_embeddings': 32} | a rope of Llama3",
                "gemma2 | 'query_pre_attn_scalar': 8, 'final_logit_softcapping': null | not capped",
                "gemma2 | 'query_pre_attn_scalar': 100 | scores scaled by 0.1",
            })
    void shouldNameADecoderThatAFileCannotSay(String type, String more, String reason) {
        ModelConfig config = config(type, more);
        assertThatThrownBy(() -> GgufConfigWriter.write(config, new GgufMetadataWriter()))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("a " + type + " with ")
                .hasMessageContaining(reason)
                .hasMessageContaining("Write a Hugging Face folder (--to hf)");
    }

    /** A window as long as the context, a stretching that begins beyond it: the same model. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "mistral | 'sliding_window': 64",
                "mistral | 'sliding_window': null",
                "llama | 'rope_scaling': {'rope_type': 'dynamic', 'factor': 4.0}",
            })
    void shouldWriteWhatIsTheSameInAllRowsThatFit(String type, String more) {
        GgufBytes file = new GgufBytes();
        GgufConfigWriter.write(config(type, more), file.keys);
        GgufMetadata data =
                GgufHeader.parse(ByteBuffer.wrap(file.header()), 1 << 20, "x").metadata();
        assertThat(data.text("general.architecture")).isEqualTo("llama");
        assertThat(data.integer("llama.context_length")).isEqualTo(64);
        assertThat(data.values().keySet()).noneMatch(key -> key.contains("scaling") || key.contains("window"));
    }
}
