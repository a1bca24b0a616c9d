package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tensors of an adapter's file under other names, and those that do not go with its configuration or its base. */
class AdapterPartsTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PREFIX = "base_model.model.";
    private static final String Q0 = PREFIX + "model.layers.0.self_attn.q_proj.";

    @TempDir
    private Path temp;

    private interface Change {
        void on(ObjectNode config, Map<String, HostTensor> tensors);
    }

    /** A golden adapter with its files changed. */
    private AdapterFolder changed(String name, Change change) throws IOException {
        Path from = GOLDEN.resolve("adapter").resolve(name);
        ObjectNode config =
                (ObjectNode) JSON.readTree(from.resolve(AdapterFolder.CONFIG).toFile());
        Map<String, HostTensor> tensors = new LinkedHashMap<>(
                Safetensors.read(from.resolve("adapter_model.safetensors")).tensors());
        change.on(config, tensors);
        Files.writeString(temp.resolve(AdapterFolder.CONFIG), config.toString());
        Safetensors.write(temp.resolve("adapter_model.safetensors"), TensorSet.of(tensors));
        return AdapterFolder.open(temp);
    }

    private static ModelFolder base(String name) throws IOException {
        String of = JSON.readTree(GOLDEN.resolve("adapter/" + name + ".json").toFile())
                .get("base")
                .asText();
        return ModelFolder.open(GOLDEN.resolve("adapter").resolve(of).normalize());
    }

    private static String fingerprint(String name, AdapterFolder adapter) throws IOException {
        return base(name).merged(adapter).weights().fingerprint();
    }

    /** As the state of a model in training has them, and without the prefix: the same model. */
    @ParameterizedTest
    @ValueSource(strings = {"patterns", "embedding-tied", "saved-both", "bias-all", "lora-bias", "tokens", "dora"})
    void namesWithTheAdaptersOwnNameMeanTheSame(String name) throws IOException {
        String right =
                fingerprint(name, AdapterFolder.open(GOLDEN.resolve("adapter").resolve(name)));
        boolean saved = name.startsWith("saved");
        UnaryOperator<String> inTraining = n -> {
            String ending = n.replaceFirst(".*\\.(weight|bias)$", ".$1");
            boolean module = n.matches(".*\\.lora_[AB]\\.(weight|bias)");
            boolean parameter = n.contains("lora_embedding") || n.contains("lora_magnitude") || n.contains("_delta");
            if (saved && n.matches(".*(embed_tokens|lm_head)\\.weight")) {
                return n.replaceFirst("\\.weight$", ".modules_to_save.default.weight");
            }
            return module
                    ? n.substring(0, n.length() - ending.length()) + ".default" + ending
                    : parameter ? n + ".default" : n;
        };
        assertThat(fingerprint(name, renamed(name, inTraining))).isEqualTo(right);
        assertThat(fingerprint(name, renamed(name, n -> n.substring(PREFIX.length()))))
                .isEqualTo(right);
        assertThat(fingerprint(name, renamed(name, n -> inTraining.apply(n).substring(PREFIX.length()))))
                .isEqualTo(right);
        assertThat(fingerprint(name, renamed(name, n -> n.endsWith("magnitude_vector") ? n + ".default.weight" : n)))
                .isEqualTo(right);
    }

    private AdapterFolder renamed(String name, UnaryOperator<String> names) throws IOException {
        return changed(name, (config, tensors) -> {
            Map<String, HostTensor> before = new LinkedHashMap<>(tensors);
            tensors.clear();
            before.forEach((n, t) -> tensors.put(names.apply(n), t));
        });
    }

    /** What a state keeps of the base says nothing, or what peft would load with it. */
    @Test
    void tensorsOfTheBaseItselfComeAlong() throws IOException {
        String right = fingerprint("saved-both", AdapterFolder.open(GOLDEN.resolve("adapter/saved-both")));
        ModelFolder base = base("saved-both");
        AdapterFolder whole = changed("saved-both", (config, tensors) -> {
            base.weights().tensors().forEach((n, t) -> {
                if (n.contains("q_proj")) {
                    tensors.put(PREFIX + n.replace(".weight", ".base_layer.weight"), t);
                } else if (n.contains("embed") || n.contains("lm_head")) {
                    tensors.put(PREFIX + n.replace(".weight", ".original_module.weight"), t);
                } else {
                    tensors.put(PREFIX + n, t);
                }
            });
        });
        assertThat(fingerprint("saved-both", whole)).isEqualTo(right);
        AdapterFolder below = changed("patterns", (config, tensors) -> {
            HostTensor lora = tensors.get(Q0 + "lora_A.weight");
            assertThat(lora).isNotNull();
            tensors.put(Q0 + "base_layer.weight", HostTensor.ofFloats(new float[64 * 64], 64, 64));
        });
        assertThat(below.parts()
                        .in(base("patterns"))
                        .weights()
                        .get("model.layers.0.self_attn.q_proj.weight")
                        .floats())
                .containsOnly(0f);
    }

    private static void assertRefused(String name, AdapterFolder adapter, String why) {
        assertThatThrownBy(() -> base(name).merged(adapter))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(why);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "patterns | model.norm.weight | 64 | model.norm.weight is not what the configuration says: it differs",
                "patterns | model.rotary.weight | 4 | the base has no model.rotary.weight",
                "patterns | model.norm.lora_A.weight | 4 | model.norm.lora_A.weight is not what the configuration says",
                "patterns | lm_head.lora_A.weight | 4,64 | its module is not among the targets",
                "patterns | model.embed_tokens.lora_embedding_A | 4,260 | its module is not among the targets",
                "patterns | model.layers.0.self_attn.q_proj.lora_magnitude_vector | 64 | use_dora is not set",
                "patterns | model.layers.0.self_attn.q_proj.lora_B.bias | 64 | lora_bias is not set",
                "patterns | model.layers.2.self_attn.q_proj.lora_A.weight | 4,64 | belongs to no module",
                "patterns | model.layers.0.self_attn.q_proj.lora_E.weight | 4 | the base has no",
                "patterns | model.embed_tokens.token_adapter.trainable_tokens_delta | 3,64 | trainable_token_indices",
                "embedding-tied | model.embed_tokens.lora_A.weight | 4,64 | model.embed_tokens is the embedding",
                "head | lm_head.lora_embedding_A | 4,64 | lm_head is not the embedding",
                "saved-both | lm_head.weight | 9,64 | lm_head.weight is [9, 64]; expected",
                "tokens | model.embed_tokens.token_adapter.trainable_tokens_delta | 1,64 | is [1, 64]; expected [2, 64]",
                "dora | model.layers.0.self_attn.q_proj.lora_magnitude_vector | 3 | is [3]; expected [64]",
            })
    void aTensorThatTheConfigurationDoesNotExplainIsRefused(String name, String tensor, String shape, String why)
            throws IOException {
        String[] sizes = shape.split(",");
        long rows = Long.parseLong(sizes[0]);
        long columns = sizes.length == 1 ? 1 : Long.parseLong(sizes[1]);
        HostTensor filled = HostTensor.ofFloats(
                new float[(int) (rows * columns)], sizes.length == 1 ? new long[] {rows} : new long[] {rows, columns});
        assertRefused(name, changed(name, (config, tensors) -> tensors.put(PREFIX + tensor, filled)), why);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "patterns | model.layers.0.self_attn.k_proj.lora_A.weight | lora_A.weight is missing",
                "head | lm_head.lora_B.weight | targets name lm_head, and tensor",
                "embedding | model.embed_tokens.lora_embedding_B | targets name model.embed_tokens, and tensor",
                "saved-norms | model.norm.weight | modules_to_save = [norm], and tensor",
                "saved-both | lm_head.weight | modules_to_save = [embed_tokens, lm_head], and tensor",
                "saved-linear | model.layers.1.mlp.gate_proj.weight | modules_to_save = [layers.1.mlp], and tensor",
                "bias-all | model.layers.0.self_attn.k_proj.bias | bias = all, and tensor",
                "bias-lora-only | model.layers.0.self_attn.q_proj.base_layer.bias | bias = lora_only, and tensor",
                "lora-bias | model.layers.1.self_attn.k_proj.lora_B.bias | lora_bias = true, and tensor",
                "tokens | lm_head.token_adapter.trainable_tokens_delta | trainable_token_indices, and tensor",
                "dora | model.layers.0.self_attn.v_proj.lora_magnitude_vector | use_dora = true, and tensor",
                "dora | model.layers.0.self_attn.v_proj.lora_A.weight | targets name model.layers.0.self_attn.v_proj",
            })
    void aTensorThatTheConfigurationAsksForIsMissed(String name, String tensor, String why) throws IOException {
        AdapterFolder less = changed(
                name,
                (config, tensors) -> assertThat(tensors.remove(PREFIX + tensor)).isNotNull());
        assertRefused(name, less, why);
    }

    @Test
    void ambiguousNamesAreRefused() {
        assertThatThrownBy(() -> changed(
                        "patterns",
                        (c, t) -> t.put(
                                Q0 + "lora_A.default.weight",
                                java.util.Objects.requireNonNull(t.get(Q0 + "lora_A.weight")))))
                .hasMessageContaining("says the same twice")
                .hasMessageContaining(Q0 + "lora_A.default.weight");
        assertThatThrownBy(() -> changed("head", (config, tensors) -> {
                    HostTensor a = HostTensor.ofFloats(new float[256], 4, 64);
                    tensors.put(Q0 + "lora_A.first.weight", a);
                    tensors.put(Q0 + "lora_B.second.weight", a);
                }))
                .hasMessageContaining("holds several adapters (first, second)");
        assertThatThrownBy(() -> changed("head", (config, tensors) -> tensors.clear()))
                .hasMessageContaining("holds no tensors");
        assertThatThrownBy(() -> changed(
                        "head", (config, tensors) -> tensors.put(Q0 + "lora_A.weight", HostTensor.ofInts(new int[4]))))
                .hasMessageContaining("expected F32, F16 or BF16");
    }

    @Test
    void whatCannotBeWorkedInIsTold() throws IOException {
        assertRefused(
                "tokens-tied",
                changed(
                        "tokens-tied",
                        (c, t) -> c.putArray("trainable_token_indices")
                                .add(17)
                                .add(3)
                                .add(300)),
                "trainable_token_indices has token 300; expected 0 to 259");
        assertRefused(
                "head-tied",
                changed("head-tied", (c, t) -> {
                    c.putArray("trainable_token_indices").add(3);
                    t.put(
                            PREFIX + "model.embed_tokens.token_adapter.trainable_tokens_delta",
                            HostTensor.ofFloats(new float[64], 1, 64));
                }),
                "trainable_token_indices and another adapter on lm_head at once");
        assertRefused(
                "saved-tying-ensured",
                changed(
                        "saved-tying-ensured",
                        (c, t) -> t.put(PREFIX + "lm_head.weight", HostTensor.ofFloats(new float[260 * 64], 260, 64))),
                "ensure_weight_tying = true, but tensor base_model.model.lm_head.weight is not what");
        assertRefused(
                "patterns",
                changed("patterns", (c, t) -> {
                    c.put("lora_bias", true);
                    t.put(Q0 + "lora_B.bias", HostTensor.ofFloats(new float[64]));
                }),
                "has no bias here");
    }

    /** A vocabulary that grew while the adapter was trained. */
    @Test
    void aGrownVocabularyIsTold() throws IOException {
        AdapterFolder grown = changed(
                "saved-embedding-tied",
                (c, t) ->
                        t.put(PREFIX + "model.embed_tokens.weight", HostTensor.ofFloats(new float[264 * 64], 264, 64)));
        assertRefused("saved-embedding-tied", grown, "is [264, 64]; expected [260, 64]");
        assertRefused("saved-embedding-tied", grown, "a vocabulary that was enlarged");
    }

    @Test
    void fourBitsKeepWhatTheyDoNotTouchAndRefuseTheRest() {
        try (TensorThread thread = TensorThread.start("parts", 1)) {
            thread.run(() -> {
                for (String name : new String[] {"embedding-tied", "saved-norms", "saved-both", "bias-all", "tokens"}) {
                    AdapterFolder adapter =
                            AdapterFolder.open(GOLDEN.resolve("adapter").resolve(name));
                    try (FrozenBase base = load(name, adapter);
                            Decoder decoder = AdaptedModel.of(base, adapter).decoder(adapter.tensors(), false)) {
                        assertThat(decoder.config().vocabulary()).isPositive();
                    }
                }
                for (String name : new String[] {"dora", "saved-linear"}) {
                    AdapterFolder adapter =
                            AdapterFolder.open(GOLDEN.resolve("adapter").resolve(name));
                    assertThatThrownBy(() -> load(name, adapter))
                            .isInstanceOf(ModelException.class)
                            .hasMessageContaining("would be rounded to four bits");
                }
            });
        }
    }

    private static FrozenBase load(String name, AdapterFolder adapter) {
        try {
            return FrozenBase.load(base(name), adapter, FrozenBase.Storage.NF4);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** A number that would take the machine's memory, for modules that the file has nothing for. */
    @Test
    void aRankBeyondTheFileCostsNothing() throws IOException {
        AdapterFolder huge = changed("saved-norms", (c, t) -> {
            c.put("r", 1 << 20);
            c.put("target_modules", ".*_proj");
        });
        assertRefused("saved-norms", huge, "expected F32 [1048576, 64]");
        assertThatThrownBy(() -> changed("saved-norms", (c, t) -> c.put("r", Integer.MAX_VALUE)))
                .hasMessageContaining("adapter.r = 2147483647: expected at most 1048576");
    }

    /** Writers before peft had base_layer in its names. */
    @Test
    void aBiasMayStandUnderItsOwnName() throws IOException {
        String right = fingerprint("bias-lora-only", AdapterFolder.open(GOLDEN.resolve("adapter/bias-lora-only")));
        assertThat(fingerprint("bias-lora-only", renamed("bias-lora-only", n -> n.replace(".base_layer", ""))))
                .isEqualTo(right);
    }

    /** Over a base that others stand on too, what else an adapter changes would be lost. */
    @Test
    void aSharedBaseIsRefused() throws IOException {
        ModelFolder folder = base("head");
        AdapterFolder adapter = AdapterFolder.open(GOLDEN.resolve("adapter/head"));
        assertThat(adapter.sharesBase(folder)).isFalse();
        AdapterFolder plain = AdapterFolder.open(GOLDEN.resolve("adapter/layer"));
        assertThat(plain.sharesBase(folder)).isTrue();
        try (TensorThread thread = TensorThread.start("parts", 1)) {
            thread.run(() -> {
                try (FrozenBase base =
                        FrozenBase.load("base", folder.config(), folder.weights(), FrozenBase.Storage.FP32)) {
                    assertThatThrownBy(() -> AdaptedModel.of(base, adapter))
                            .isInstanceOf(ModelException.class)
                            .hasMessageContaining("needs a base of its own");
                }
            });
        }
    }
}
