package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every key of an adapter_config.json is used, changes nothing, or is refused by name. */
class AdapterConfigFileTest {
    private static final Path LORA = Path.of("src/test/resources/golden/lora/q-v");
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path temp;

    /** A folder as peft writes it, with a key's value changed. */
    private Path with(String key, String value) throws IOException {
        ObjectNode node =
                (ObjectNode) JSON.readTree(LORA.resolve(AdapterFolder.CONFIG).toFile());
        node.set(key, JSON.readTree(value));
        Files.writeString(temp.resolve(AdapterFolder.CONFIG), node.toString());
        Files.copy(
                LORA.resolve("adapter_model.safetensors"),
                temp.resolve("adapter_model.safetensors"),
                java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        return temp;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "foo_scale | 2 | not known: foo_scale = 2",
                "layer_replication | [[0, 1], [0, 1]] | layer_replication = [[0, 1], [0, 1]] is not supported",
                "target_parameters | [\"experts.down_proj\"] | target_parameters",
                "use_qalora | true | use_qalora = true is not supported",
                "use_bdlora | {\"nblocks\": 2} | use_bdlora",
                "alora_invocation_tokens | [1, 2] | alora_invocation_tokens",
                "arrow_config | {\"top_k\": 2} | arrow_config",
                "kasa_config | {\"beta\": 1e-4} | kasa_config",
                "monteclora_config | {\"a\": 1} | monteclora_config",
                "velora_config | {\"a\": 1} | velora_config",
                "megatron_config | {\"a\": 1} | megatron_config",
                "enable_lora | [true, false, true] | enable_lora",
            })
    void aKeyThatMayMeanAnotherModelIsRefusedUnlessItIsLetPass(String key, String value, String why)
            throws IOException {
        Path folder = with(key, value);
        assertThatThrownBy(() -> AdapterFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(AdapterFolder.CONFIG)
                .hasMessageContaining(why)
                .hasMessageContaining("model.ignore_keys = \"" + key + "\"")
                .hasMessageContaining("--ignore-keys " + key);
        assertThatCode(() -> AdapterFolder.open(folder, Set.of(key))).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "auto_mapping | {\"base_model_class\": \"LlamaForCausalLM\", \"parent_library\": \"x\"}",
                "revision | \"main\"",
                "inference_mode | false",
                "peft_version | \"0.4.0\"",
                "fan_in_fan_out | true",
                "loftq_config | {\"loftq_bits\": 4}",
                "eva_config | {\"rho\": 2.0}",
                "runtime_config | {\"ephemeral_gpu_offload\": true}",
                "merge_weights | true",
                "qalora_group_size | 32",
                "megatron_core | \"core\"",
                "layer_replication | []",
                "rank_pattern | null",
                "exclude_modules | \"\"",
                "layers_to_transform | []",
                "init_lora_weights | \"gaussian\"",
                "init_lora_weights | \"eva\"",
                "init_lora_weights | \"orthogonal\"",
                "init_lora_weights | \"mica\"",
                "init_lora_weights | false",
                "init_lora_weights | null",
                "use_dora | null",
                "bias | null",
            })
    void whatChangesNothingIsPassedOver(String key, String value) throws IOException {
        AdapterFolder plain = AdapterFolder.open(LORA);
        AdapterFolder read = AdapterFolder.open(with(key, value));
        assertThat(read.config()).isEqualTo(plain.config());
        assertThat(read.isLowRank()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"pissa", "pissa_niter_16", "PiSSA", "olora", "OLoRA", "corda", "loftq", "lora_ga", "pca"})
    void anAdapterOverAChangedBaseIsRefused(String start) throws IOException {
        Path folder = with("init_lora_weights", "\"" + start + "\"");
        assertThatThrownBy(() -> AdapterFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("init_lora_weights = \"" + start + "\"")
                .hasMessageContaining(
                        start.equals("pca")
                                ? "not known"
                                : start.equals("loftq")
                                        ? "the base that LoftQ wrote"
                                        : "path_initial_model_for_weight_conversion");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "r | 8.5 | r = 8.5: expected a whole number",
                "r | \"8\" | r = \"8\": expected a whole number",
                "r | null | key r is missing",
                "r | 0 | adapter.r = 0: expected at least 1",
                "r | -3 | adapter.r = -3",
                "lora_alpha | \"16\" | lora_alpha = \"16\": expected a number",
                "lora_dropout | 1.5 | adapter.dropout = 1.5",
                "use_rslora | \"no\" | use_rslora = \"no\": expected true or false",
                "rank_pattern | {\"q_proj\": 0} | adapter.rank_pattern.q_proj = 0: expected at least 1",
                "rank_pattern | {\"(q\": 2} | '(.*\\.)?((q)$' is no regular expression",
                "rank_pattern | [2] | rank_pattern = [2]: expected an object",
                "rank_pattern | {\"q_proj\": 2.5} | rank_pattern = {\"q_proj\":2.5}: expected a whole number",
                "alpha_pattern | {\"q_proj\": null} | alpha_pattern = {\"q_proj\":null}: expected a number",
                "target_modules | null | target_modules = null: expected a list of names",
                "target_modules | [1] | target_modules = [1]: expected names",
                "target_modules | {\"q_proj\": 1} | target_modules = {\"q_proj\":1}",
                "target_modules | \"(?P<a>q\" | is no regular expression",
                "layers_pattern | \"layers\" | layers_pattern = [layers] needs layers_to_transform",
                "layers_to_transform | [\"0\"] | layers_to_transform",
                "bias | \"some\" | bias = \"some\": expected none, all or lora_only",
                "modules_to_save | \"[\" | is no regular expression",
                "trainable_token_indices | 3 | trainable_token_indices = 3",
                "peft_type | \"ADALORA\" | peft_type = \"ADALORA\": only LORA is known",
                "peft_type | null | peft_type = null",
            })
    void aValueThatMakesNoSenseIsToldWithItsKey(String key, String value, String why) throws IOException {
        Path folder = with(key, value);
        assertThatThrownBy(() -> AdapterFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(AdapterFolder.CONFIG)
                .hasMessageContaining(why);
    }

    @Test
    void layersDoNotGoWithAnExpression() throws IOException {
        ObjectNode node =
                (ObjectNode) JSON.readTree(LORA.resolve(AdapterFolder.CONFIG).toFile());
        node.put("target_modules", ".*q_proj").putArray("layers_to_transform").add(1);
        Files.writeString(temp.resolve(AdapterFolder.CONFIG), node.toString());
        assertThatThrownBy(() -> AdapterFolder.open(temp))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("layers_to_transform and layers_pattern go with a list of names");
    }

    /** By hand: peft takes the first key that matches a name's end; sqrt(9) = 3. */
    @Test
    void ranksAndScalesAreThoseOfTheFirstPatternThatMatches() throws IOException {
        ObjectNode node =
                (ObjectNode) JSON.readTree(LORA.resolve(AdapterFolder.CONFIG).toFile());
        node.put("use_rslora", true);
        node.putObject("rank_pattern").put("layers.0.*proj", 9).put("q_proj", 4);
        node.putObject("alpha_pattern")
                .put("^self_attn.q_proj", 99)
                .put("q_proj", -6)
                .put("v_pro", 50);
        Files.writeString(temp.resolve(AdapterFolder.CONFIG), node.toString());
        AdapterConfig config = AdapterConfigFile.open(temp.resolve(AdapterFolder.CONFIG), Set.of())
                .config();
        String q0 = "model.layers.0.self_attn.q_proj";
        String q1 = "model.layers.1.self_attn.q_proj";
        String v1 = "model.layers.1.self_attn.v_proj";
        assertThat(config.rank(q0)).isEqualTo(9);
        assertThat(config.rank(q1)).isEqualTo(4);
        assertThat(config.rank(v1)).isEqualTo(8);
        assertThat(config.scaling(q0)).isCloseTo(-2, within(1e-12));
        assertThat(config.scaling(q1)).isCloseTo(-3, within(1e-12));
        assertThat(config.scaling(v1)).isCloseTo(16 / Math.sqrt(8), within(1e-12));
    }
}
