package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelFolderTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(40, 16, 24, 2, 4, 2, 32);

    @TempDir
    Path folder;

    @Test
    void shouldOpenWhatItSaved() {
        TensorSet weights = ModelInit.random(CONFIG, 3);
        ModelFolder.save(folder, CONFIG, weights, null);
        ModelFolder read = ModelFolder.open(folder);
        assertThat(read.config()).isEqualTo(CONFIG);
        assertThat(read.weights().sha256()).isEqualTo(weights.sha256());
    }

    @Test
    void shouldMakeTheSameWeightsForTheSameSeed() {
        assertThat(ModelInit.random(CONFIG, 3).sha256())
                .isEqualTo(ModelInit.random(CONFIG, 3).sha256())
                .isNotEqualTo(ModelInit.random(CONFIG, 4).sha256());
    }

    @Test
    void shouldTurnALanguageModelIntoAScorer() {
        ModelConfig scorer = CONFIG.withScoreHead(true);
        TensorSet weights = ModelInit.withScoreHead(ModelInit.random(CONFIG, 3));
        ModelFolder.save(folder, scorer, weights, null);
        ModelFolder read = ModelFolder.open(folder);
        assertThat(read.config().scoreHead()).isTrue();
        assertThat(read.weights().get("score.weight").floats()).containsOnly(0f).hasSize(16);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama-gqa-tied",
                "llama3-rope-untied",
                "qwen2-bias",
                "qwen3-qknorm",
                "llama-reward",
                "llama-value"
            })
    void shouldKeepAConfigurationThroughWritingAndReading(String model) {
        ModelConfig read = ModelConfig.read(Path.of("src/test/resources/golden/models", model, "config.json"));
        assertThat(ModelConfig.parse(read.toJson(), "again")).isEqualTo(read);
    }

    @Test
    void shouldNameWhatIsMissing() throws IOException {
        assertThatThrownBy(() -> ModelFolder.open(folder.resolve("no")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("no model folder");
        assertThatThrownBy(() -> ModelFolder.open(folder)).hasMessageContaining("config.json");
        Files.writeString(folder.resolve("config.json"), CONFIG.toJson());
        assertThatThrownBy(() -> ModelFolder.open(folder)).hasMessageContaining("no model.safetensors");
        Map<String, HostTensor> less =
                new LinkedHashMap<>(ModelInit.random(CONFIG, 3).tensors());
        less.remove("model.layers.1.mlp.up_proj.weight");
        Safetensors.write(folder.resolve("model.safetensors"), TensorSet.of(less));
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("model.safetensors")
                .hasMessageContaining("model.layers.1.mlp.up_proj.weight is missing");
        assertThatThrownBy(() -> Tokenizer.open(folder)).hasMessageContaining("no tokenizer.json");
    }

    @Test
    void shouldNameATensorOfAnotherShapeOrModel() {
        Map<String, HostTensor> other =
                new LinkedHashMap<>(ModelInit.random(CONFIG, 3).tensors());
        other.put("model.norm.weight", HostTensor.ofFloats(new float[8]));
        Safetensors.write(folder.resolve("model.safetensors"), TensorSet.of(other));
        assertThatThrownBy(() -> ModelFolder.save(folder, CONFIG, TensorSet.of(other), null))
                .hasMessageContaining("model.norm.weight")
                .hasMessageContaining("[8]")
                .hasMessageContaining("[16]");
        other.put("model.norm.weight", HostTensor.ofFloats(new float[16]));
        other.put("model.layers.2.input_layernorm.weight", HostTensor.ofFloats(new float[16]));
        assertThatThrownBy(() -> ModelFolder.save(folder, CONFIG, TensorSet.of(other), null))
                .hasMessageContaining("model.layers.2.input_layernorm.weight is not one of");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"model_type\" : \"llama\" | \"model_type\" : \"mamba\" | model_type 'mamba' is not known",
                "\"vocab_size\" : 40 | \"vocab_size\" : \"40\" | vocab_size = \"40\": expected an integer",
                "\"hidden_size\" : 16, | '' | hidden_size is missing",
                "\"silu\" | \"gelu\" | only silu",
                "\"num_key_value_heads\" : 2 | \"num_key_value_heads\" : 3 | multiple of key-value heads",
                "\"rope_theta\" : 10000.0 | \"rope_scaling\" : {\"rope_type\" : \"yarn\"} | rope type 'yarn'",
                "\"attention_bias\" : false | \"attention_bias\" : true | attention_bias = true",
                "\"LlamaForCausalLM\" | \"LlamaForTokenClassification\" | LlamaForTokenClassification is not known",
            })
    void shouldNameTheKeyOfAConfigurationItCannotUse(String from, String to, String reason) {
        String json = CONFIG.toJson();
        assertThat(json).contains(from);
        assertThatThrownBy(() -> ModelConfig.parse(json.replace(from, to), "dir/config.json"))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("dir/config.json")
                .hasMessageContaining(reason);
    }
}
