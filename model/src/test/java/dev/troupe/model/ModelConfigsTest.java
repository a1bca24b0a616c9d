package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** config.json as models that people have publish it: its numbers, or a refusal that says why. */
class ModelConfigsTest {
    private static final Path CONFIGS = Path.of("src/test/resources/configs");

    /** Why a model is refused; all others are read. */
    private static final Map<String, String> REFUSED = Map.of(
            "baichuan2-13b-chat", "ALiBi",
            "mixtral-8x7b", "model_type 'mixtral' is not known",
            "gemma-3-4b-it", "model_type 'gemma3' is not known",
            "phi-2", "model_type 'phi' is not known",
            "deepseek-v2-lite", "model_type 'deepseek_v2' is not known");

    private static String text(String name) throws IOException {
        return Files.readString(CONFIGS.resolve(name + ".json"));
    }

    static Stream<String> names() throws IOException {
        try (Stream<Path> files = Files.list(CONFIGS)) {
            return files.map(f -> f.getFileName().toString().replace(".json", "")).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void isReadOrRefusedForANamedReason(String name) throws IOException {
        String refusal = REFUSED.get(name);
        if (refusal == null) {
            ModelConfig config = ModelConfig.parse(text(name), name);
            assertThat(ModelConfig.parse(config.toJson(), "written")).isEqualTo(config);
        } else {
            assertThatThrownBy(() -> ModelConfig.parse(text(name), name))
                    .isInstanceOf(ModelException.class)
                    .hasMessageStartingWith(name + ": ")
                    .hasMessageContaining(refusal);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "llama-3.1-8b-instruct, 131072, 128, 0",
        "deepseek-llm-7b-chat, 4096, 128, 0",
        "mistral-7b-v0.1, 32768, 128, 4096",
        "mistral-7b-instruct-v0.3, 32768, 128, 0",
        "qwen2.5-7b-instruct, 32768, 128, 0",
        "gemma-2-2b-it, 8192, 256, 4096",
        "gemma-3-1b-it, 32768, 256, 512",
        "phi-3-mini-4k-instruct, 4096, 96, 2047",
        "phi-3-mini-128k-instruct, 4096, 96, 262144",
        "baichuan-7b, 4096, 128, 0",
        "internlm2-chat-7b, 32768, 128, 0"
    })
    void hasTheContextHeadAndWindowOfTheModel(String name, int context, int headDim, int window) throws IOException {
        ModelConfig config = ModelConfig.parse(text(name), name);
        assertThat(config.maxPositions()).isEqualTo(context);
        assertThat(config.headDim()).isEqualTo(headDim);
        assertThat(config.traits().windows().size()).isEqualTo(window);
    }

    @Test
    void readsWhatTheFamiliesHaveOfTheirOwn() throws IOException {
        ModelConfig gemma2 = ModelConfig.parse(text("gemma-2-2b-it"), "gemma2");
        assertThat(gemma2.traits().windows().layers().subList(0, 3)).containsExactly(true, false, true);
        assertThat(gemma2.tied()).isTrue();
        assertThat(gemma2.traits().scales().embedding()).isCloseTo(48, within(1e-9));
        assertThat(gemma2.eosIds()).containsExactly(1, 107);
        ModelConfig gemma3 = ModelConfig.parse(text("gemma-3-1b-it"), "gemma3");
        assertThat(gemma3.rope().theta()).isEqualTo(1e6);
        Rope local = gemma3.traits().windows().rope();
        assertThat(local).isEqualTo(Rope.of(10_000));
        assertThat(gemma3.traits().windows().layers())
                .filteredOn(windowed -> !windowed)
                .hasSize(4);
        ModelConfig minicpm = ModelConfig.parse(text("minicpm-2b"), "minicpm");
        assertThat(minicpm.traits().scales().residual()).isCloseTo(0.2213594362117866, within(1e-12));
        assertThat(minicpm.traits().scales().logits()).isCloseTo(1 / 9.0, within(1e-12));
        assertThat(minicpm.tied()).isTrue();
        assertThat(ModelConfig.parse(text("baichuan2-7b-chat"), "2").traits().normalisedHead())
                .isTrue();
        assertThat(ModelConfig.parse(text("baichuan-7b"), "1").traits().normalisedHead())
                .isFalse();
        assertThat(ModelConfig.parse(text("deepseek-coder-6.7b"), "linear")
                        .rope()
                        .scaling())
                .isEqualTo(new Rope.Linear(4));
    }

    /** 0.1 ln 4 + 1, and turns of 32 and 1 in 32,768 positions at theta 1e6 over 128 channels: pairs 23 to 40. */
    @Test
    void computesTheRampOfYarn() throws IOException {
        Rope rope = ModelConfig.parse(text("qwen2.5-yarn"), "yarn").rope();
        assertThat(rope.scaling().amplitude()).isCloseTo(1.1386294361119891, within(1e-12));
        float[] plain = Rope.of(1e6).inverseFrequencies(128);
        float[] stretched = rope.inverseFrequencies(128);
        for (int i = 0; i < plain.length; i++) {
            double ramp = Math.max(0, Math.min(1, (i - 23) / 17.0));
            double expected = plain[i] * (1 - ramp) + plain[i] / 4.0 * ramp;
            assertThat((double) stretched[i]).isCloseTo(expected, within(2e-7 * expected));
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void refusesAMadeUpKeyInEachFamily(String name) throws IOException {
        if (REFUSED.containsKey(name)) {
            return;
        }
        String more = text(name).replaceFirst("\\{", "{\"foo_scale\": 2,");
        assertThatThrownBy(() -> ModelConfig.parse(more, name))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("not known: foo_scale = 2")
                .hasMessageContaining("model.ignore_keys = \"foo_scale\"");
    }

    /** Such keys are notes of the library that wrote the file; transformers makes this one of a GGUF file's name. */
    @Test
    void refusesWhatFollowsTheObject() throws IOException {
        assertThatThrownBy(() -> ModelConfig.parse(text("qwen3-8b") + "{}", "c"))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith("c: not valid JSON");
        assertThat(with("llama-3.1-8b-instruct", "'is_llama_config':true,'rope_interleaved':false"))
                .isEqualTo(with("llama-3.1-8b-instruct"));
    }

    private static ModelConfig with(String name, String... keys) throws IOException {
        ObjectNode node = (ObjectNode) new ObjectMapper().readTree(text(name));
        node.setAll((ObjectNode)
                new ObjectMapper().readTree("{" + String.join(",", keys).replace('\'', '"') + "}"));
        return ModelConfig.parse(node.toString(), name);
    }

    private static void refused(String message, String name, String... keys) {
        assertThatThrownBy(() -> with(name, keys))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(message);
    }

    /** The values are those of transformers 5.23's configuration classes. */
    @Test
    void readsKeysAsTheFamilysClassDoes() throws IOException {
        ObjectNode gemma = (ObjectNode) new ObjectMapper().readTree(text("gemma-2-2b-it"));
        gemma.put("model_type", "gemma").putArray("architectures").add("GemmaForCausalLM");
        gemma.put("hidden_act", "gelu").remove(List.of("query_pre_attn_scalar", "attn_logit_softcapping"));
        gemma.remove(List.of("final_logit_softcapping", "sliding_window", "layer_types"));
        assertThat(ModelConfig.parse(gemma.toString(), "gemma").traits().activation())
                .isEqualTo(DecoderTraits.Activation.GELU_TANH);
        assertThat(with("gemma-3-1b-it", "'_sliding_window_pattern':2").traits().windows())
                .isEqualTo(with("gemma-3-1b-it").traits().windows());
        refused("attn_logit_softcapping", "gemma-3-1b-it", "'attn_logit_softcapping':2.0");
        String factors = "[" + "1.5,".repeat(47) + "1.5]";
        Rope.LongRope phi3 = (Rope.LongRope) with(
                        "phi-3-mini-4k-instruct",
                        "'max_position_embeddings':8192",
                        "'original_max_position_embeddings':null",
                        "'rope_scaling':{'type':'longrope','short_factor':" + factors + ",'long_factor':" + factors
                                + ",'original_max_position_embeddings':2048}")
                .rope()
                .scaling();
        assertThat(phi3.originalPositions()).isEqualTo(4096);
        refused("attention_multiplier", "granite-3.0-2b-instruct", "'attention_multiplier':0");
        assertThat(with(
                                "llama-3.1-8b-instruct",
                                "'rope_scaling':{'type':'yarn','factor':2.0,'finetuned':true,"
                                        + "'original_max_position_embeddings':4096}")
                        .rope()
                        .scaling())
                .isInstanceOf(Rope.Yarn.class);
    }

    @Test
    void keepsARopeOfWindowedLayersThatIsStretched() throws IOException {
        ModelConfig config = with(
                "gemma-3-1b-it",
                "'rope_theta':null,'rope_local_base_freq':null",
                "'rope_parameters':{'full_attention':{'rope_type':'default','rope_theta':1000000.0},"
                        + "'sliding_attention':{'rope_type':'linear','factor':4.0,'rope_theta':10000.0}}");
        assertThat(ModelConfig.parse(config.toJson(), "written")).isEqualTo(config);
        assertThat(new ObjectMapper()
                        .readTree(config.toJson())
                        .at("/rope_parameters/sliding_attention/factor")
                        .asDouble())
                .isEqualTo(4);
    }

    /** transformers has no Llama whose heads turn in part: it ignores the key, or fails where the rope is stretched. */
    @Test
    void aHeadThatTurnsInPartIsRefusedWhereTransformersHasNone() throws IOException {
        refused("partial_rotary_factor", "llama-3.1-8b-instruct", "'rope_scaling':null", "'partial_rotary_factor':0.5");
        refused(
                "partial_rotary_factor",
                "llama-3.1-8b-instruct",
                "'rope_scaling':{'rope_type':'linear','factor':2.0,'partial_rotary_factor':0.5}");
        ModelConfig llama = with("llama-3.1-8b-instruct");
        ModelConfig partial = new ModelConfig(
                llama.family(),
                false,
                llama.vocabulary(),
                llama.hidden(),
                llama.intermediate(),
                llama.layers(),
                llama.heads(),
                llama.kvHeads(),
                llama.headDim(),
                llama.maxPositions(),
                llama.normEps(),
                new Rope(10_000, Rope.PLAIN, 0.5),
                false,
                -1,
                List.of(),
                -1,
                llama.traits());
        assertThatThrownBy(partial::toJson)
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("a Hugging Face folder cannot hold this model: partial_rotary_factor = 0.5");
    }

    /** The classes of both families in transformers pass over such an object. */
    @Test
    void oneRopeForTwoKindsOfLayersIsRefused() {
        refused(
                "expected an object for full_attention and one for sliding_attention",
                "gemma-3-1b-it",
                "'rope_theta':null,'rope_parameters':{'rope_type':'default','rope_theta':10000.0}");
    }

    @Test
    void passesOverKeysThatBeginWithAnUnderscore() throws IOException {
        String more = text("yi-1.5-6b").replaceFirst("\\{", "{\"_model_name_or_path\": \"Yi\", \"_x\": 1,");
        assertThat(ModelConfig.parse(more, "yi")).isEqualTo(ModelConfig.parse(text("yi-1.5-6b"), "yi"));
    }

    /** Each key with values that no key has: a model or a refusal, and nothing else. */
    @ParameterizedTest
    @MethodSource("names")
    void survivesOddValues(String name) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode config = (ObjectNode) mapper.readTree(text(name));
        List<String> keys = new ArrayList<>();
        config.fieldNames().forEachRemaining(keys::add);
        keys.addAll(List.of("rope_parameters", "layer_types", "partial_rotary_factor", "head_dim", "id2label"));
        String[] odd = {
            "null",
            "0",
            "-1",
            "1.5",
            "1e300",
            "2147483648",
            "true",
            "\"x\"",
            "[]",
            "[null]",
            "[[1]]",
            "{}",
            "{\"type\": 3}",
            "{\"rope_type\": \"yarn\"}",
            "{\"full_attention\": []}",
            "{\"factor\": \"x\"}"
        };
        for (String key : keys) {
            for (String value : odd) {
                String changed =
                        config.deepCopy().set(key, mapper.readTree(value)).toString();
                try {
                    ModelConfig.parse(changed, name).ropeRows();
                } catch (ModelException e) {
                    assertThat(e.getMessage()).startsWith(name);
                } catch (RuntimeException e) {
                    throw new AssertionError(key + " = " + value, e);
                }
            }
        }
    }

    @Test
    void readsAModelWithAKeyThatTheUserLetsPass(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(
                folder.resolve("config.json"),
                text("granite-3.0-2b-instruct").replaceFirst("\\{", "{\"foo_scale\": 2,"));
        ModelConfig config = ModelConfig.read(file, Set.of("foo_scale"));
        assertThat(config.traits().scales()).isEqualTo(new DecoderTraits.Scales(0.015625, 12, 0.22, 0.125, 0, 0));
    }
}
