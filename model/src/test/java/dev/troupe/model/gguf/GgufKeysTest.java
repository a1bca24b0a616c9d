package dev.troupe.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelException;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every key of a GGUF file is read, changes nothing, or is refused by its name. */
class GgufKeysTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/gguf");

    @TempDir
    Path folder;

    private Path file(String key, String value) {
        GgufBytes bytes = GgufBytes.llama();
        if (value.equals("true") || value.equals("false")) {
            bytes.keys.flag(key, Boolean.parseBoolean(value));
        } else if (value.matches("-?\\d+")) {
            bytes.keys.uint32(key, Integer.parseInt(value));
        } else if (value.matches("-?\\d+\\.\\d+")) {
            bytes.keys.float32(key, Double.parseDouble(value));
        } else if (value.startsWith("[")) {
            bytes.keys.ints(
                    key,
                    Stream.of(value.replaceAll("[\\[\\] ]", "").split(","))
                            .filter(part -> !part.isEmpty())
                            .mapToInt(Integer::parseInt)
                            .toArray());
        } else {
            bytes.keys.text(key, value);
        }
        return bytes.write(folder.resolve("m.gguf"));
    }

    @ParameterizedTest
    @CsvSource({"llama.foo_scale, 2.0", "foo.bar, 1", "general.foo_scale, 2", "tokenizer.ggml.foo, x", "split.foo, 0"})
    void shouldRefuseAMadeUpKeyByNameAndSayWhatLetsItPass(String key, String value) {
        Path file = file(key, value);
        assertThatThrownBy(() -> ModelFolder.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("m.gguf: not known: " + key + " = " + value)
                .hasMessageContaining("model.ignore_keys = \"" + key + "\" (--ignore-keys " + key + ")");
        ModelFolder model = ModelFolder.open(file, Set.of(key));
        try (Tokenizer tokenizer = model.tokenizer()) {
            assertThat(tokenizer.encode("ab", true)).containsExactly(3);
        }
    }

    /** The lists are those of the gguf package (gguf_keys.py) and what llama.cpp's loader names besides. */
    @Test
    void shouldHaveDecidedOnEveryKeyThatOthersName() throws IOException {
        List<String> undecided = new ArrayList<>();
        for (String list : List.of("keys.txt", "more_keys.txt")) {
            List<String> keys = new ArrayList<>(Files.readAllLines(GOLDEN.resolve(list)));
            keys.remove("general.alignment"); // the header's own
            for (String key : keys) {
                try {
                    GgufBytes bytes = new GgufBytes();
                    bytes.keys.float32(key, 7.25);
                    GgufKeys.check(
                            GgufHeader.parse(java.nio.ByteBuffer.wrap(bytes.header()), 1 << 20, "x")
                                    .metadata(),
                            GgufArchitecture.LLAMA);
                } catch (ModelException e) {
                    if (!e.getMessage().contains("x: " + key + " = 7.25 is not supported: ")) {
                        undecided.add(e.getMessage());
                    }
                }
            }
        }
        assertThat(undecided).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "general.type | adapter | expected a model",
                "general.quantization_version | 1 | laid out otherwise",
                "tokenizer.ggml.add_eos_token | true | a prompt would end with the end token",
                "tokenizer.ggml.add_sep_token | true | separator",
                "tokenizer.ggml.remove_extra_whitespaces | true | spaces are kept",
                "tokenizer.ggml.precompiled_charsmap | [1,2] | characters are not replaced",
                "tokenizer.ggml.suppress_tokens | [1] | every token may be generated",
                "split.count | 3 | one part of a split model",
                "split.no | 1 | one part of a split model",
                "llama.expert_count | 8 | a mixture of experts",
                "llama.expert_used_count | 2 | a mixture of experts",
                "llama.attention.causal | false | a token sees only those before it",
                "llama.attention.max_alibi_bias | 8.0 | positions are rotated",
                "llama.attention.clamp_kqv | 8.0 | not clamped",
                "llama.attention.value_length | 8 | expected 16, as attention.key_length is",
                "llama.attention.head_count_kv | [1, 2] | [1, 2] for different layers",
                "llama.logit_scale | 0.5 | logits are not scaled",
                "llama.residual_scale | 0.5 | residuals are not scaled",
                "llama.embedding_scale | 12.0 | embeddings are not scaled",
                "llama.attn_logit_softcapping | 50.0 | not capped",
                "llama.final_logit_softcapping | 30.0 | not capped",
                "llama.use_parallel_residual | true | not a part of this decoder",
                "llama.tensor_data_layout | other | another order",
                "llama.ssm.conv_kernel | 4 | not a part of this decoder",
                "llama.rope.dimension_sections | [1, 2, 3] | one position",
                "llama.pooling_type | 3 | expected one that generates",
                "llama.attention.scale | 0.5 | expected 1 / sqrt(16)",
                "llama.attention.sliding_window | 8 | layers of a window are not known of llama",
                "llama.attention.key_length_swa | 8 | expected 16",
                "llama.rope.dimension_count | 8 | expected 16",
                "llama.rope.dimension_count_swa | 8 | expected 16",
                "llama.rope.freq_base_swa | 500.0 | no windowed layers",
                "llama.rope.scaling.type | mystery | expected one of none, linear, yarn, longrope",
                "llama.rope.scaling.factor | -2.0 | expected a number above 0",
                "llama.rope.scaling.attn_factor | 1.2 | expected 1",
                "llama.rope.scaling.alpha | 1000.0 | that stretching is not known",
                "llama.rope.scaling.yarn_beta_fast | 8.0 | is for scaling.type = yarn",
                "llama.rope.scaling.yarn_log_multiplier | 0.1 | other amplitudes",
            })
    void shouldNameAKeyWhoseValueChangesTheModel(String key, String value, String reason) {
        Path file = file(key, value);
        assertThatThrownBy(() -> ModelFolder.open(file))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("m.gguf")
                .hasMessageContaining(key)
                .hasMessageContaining(reason);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "general.type | model",
                "general.quantization_version | 2",
                "general.name | Some Model",
                "general.sampling.top_p | 0.9",
                "general.base_model.0.repo_url | x",
                "quantize.imatrix.file | x",
                "split.count | 1",
                "split.count | 0",
                "tokenizer.ggml.add_eos_token | false",
                "tokenizer.ggml.suppress_tokens | []",
                "llama.expert_count | 0",
                "llama.attention.causal | true",
                "llama.attention.max_alibi_bias | 0.0",
                "llama.attention.clamp_kqv | 0.0",
                "llama.attention.value_length | 16",
                "llama.attention.head_count_kv | [2, 2]",
                "llama.attention.layer_norm_epsilon | 0.1",
                "llama.logit_scale | 1.0",
                "llama.residual_scale | 1.0",
                "llama.embedding_scale | 1.0",
                "llama.attn_logit_softcapping | 0.0",
                "llama.use_parallel_residual | false",
                "llama.tensor_data_layout | Meta AI original pth",
                "llama.rope.dimension_count | 16",
                "llama.pooling_type | 0",
                "llama.attention.scale | 0.25",
                "llama.attention.scale | 0.0",
                "llama.attention.sliding_window | 0",
                "llama.attention.sliding_window | 64",
                "llama.attention.sliding_window_pattern | 6",
                "llama.rope.dimension_count_swa | 16",
                "llama.rope.freq_base | 10000.0",
                "llama.rope.freq_base_swa | 10000.0",
                "llama.rope.scale_linear | 1.0",
                "llama.rope.scale_linear | 0.0",
                "llama.rope.scaling.type | none",
                "llama.rope.scaling.type | linear",
                "llama.rope.scaling.factor | 1.0",
                "llama.rope.scaling.attn_factor | 1.0",
                "llama.rope.scaling.original_context_length | 32",
                "llama.rope.scaling.finetuned | false",
            })
    void shouldPassWhatChangesNothing(String key, String value) {
        ModelConfig plain = ModelFolder.config(GgufBytes.llama().write(folder.resolve("plain.gguf")));
        assertThat(ModelFolder.config(file(key, value))).isEqualTo(plain);
    }
}
