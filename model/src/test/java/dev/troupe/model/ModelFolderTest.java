package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
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
        assertThat(read.weights().fingerprint()).isEqualTo(weights.fingerprint());
    }

    @Test
    void shouldMakeTheSameWeightsForTheSameSeed() {
        assertThat(ModelInit.random(CONFIG, 3).fingerprint())
                .isEqualTo(ModelInit.random(CONFIG, 3).fingerprint())
                .isNotEqualTo(ModelInit.random(CONFIG, 4).fingerprint());
    }

    @Test
    void shouldTurnALanguageModelIntoAScorer() {
        ModelConfig scorer = CONFIG.withScoreHead(true);
        TensorSet weights = ModelInit.withScoreHead(CONFIG, ModelInit.random(CONFIG, 3));
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
        assertThatThrownBy(() -> ModelFolder.open(folder)).hasMessageContaining("has no model.safetensors");
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
    @EnumSource(
            value = DataType.class,
            names = {"DATA_TYPE_F32", "DATA_TYPE_F16", "DATA_TYPE_BF16"})
    void shouldKeepTheTypeOfTheWeights(DataType dtype) throws IOException {
        TensorSet weights = HalfFloats.as(dtype, ModelInit.random(CONFIG, 3));
        ModelFolder.save(folder, CONFIG, weights, null);
        assertThat(ModelFolder.open(folder).weights().fingerprint()).isEqualTo(weights.fingerprint());
        assertThat(Files.readString(folder.resolve("config.json")))
                .contains(Map.of(
                                DataType.DATA_TYPE_F32,
                                "float32",
                                DataType.DATA_TYPE_F16,
                                "\"float16\"",
                                DataType.DATA_TYPE_BF16,
                                "bfloat16")
                        .get(dtype));
    }

    @Test
    void shouldReadWeightsSpreadOverFiles() throws IOException {
        TensorSet weights = ModelInit.random(CONFIG, 3);
        Files.writeString(folder.resolve("config.json"), CONFIG.toJson());
        Map<String, HostTensor> first = new LinkedHashMap<>(weights.tensors());
        first.remove("model.norm.weight");
        Safetensors.write(folder.resolve("model-1.safetensors"), TensorSet.of(first));
        Safetensors.write(
                folder.resolve("model-2.safetensors"),
                TensorSet.of(Map.of("model.norm.weight", weights.get("model.norm.weight"))));
        ObjectNode index = new ObjectMapper().createObjectNode();
        ObjectNode map = index.putObject("weight_map");
        weights.names()
                .forEach(name -> map.put(
                        name, name.equals("model.norm.weight") ? "model-2.safetensors" : "model-1.safetensors"));
        Path file = folder.resolve("model.safetensors.index.json");
        Files.writeString(file, index.toString());
        assertThat(ModelFolder.open(folder).weights().fingerprint()).isEqualTo(weights.fingerprint());

        map.put("model.norm.weight", "model-1.safetensors");
        Files.writeString(file, index.toString());
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("model.norm.weight in model-1.safetensors, which does not hold it");
        map.put("model.norm.weight", "../model-2.safetensors");
        Files.writeString(file, index.toString());
        assertThatThrownBy(() -> ModelFolder.open(folder))
                .hasMessageContaining("expected the name of a .safetensors file");
        map.put("model.norm.weight", "model-3.safetensors");
        Files.writeString(file, index.toString());
        assertThatThrownBy(() -> ModelFolder.open(folder)).hasMessageContaining("no safetensors file");
        Files.writeString(file, "{}");
        assertThatThrownBy(() -> ModelFolder.open(folder)).hasMessageContaining("expected a weight_map");
    }

    @Test
    void shouldTakeATiedMatrixUnderTheNameOfTheHead() throws IOException {
        ModelConfig tied = CONFIG.withTied(true);
        TensorSet right = ModelInit.random(tied, 3);
        ModelFolder.save(folder, tied, right, null);
        Map<String, HostTensor> renamed = new LinkedHashMap<>(right.tensors());
        renamed.put("lm_head.weight", renamed.remove("model.embed_tokens.weight"));
        Safetensors.write(folder.resolve("model.safetensors"), TensorSet.of(renamed));
        assertThat(ModelFolder.open(folder).weights().fingerprint()).isEqualTo(right.fingerprint());
    }

    @Test
    void shouldTakeTheEndsOfATextFromGenerationConfig() throws IOException {
        ModelFolder.save(folder, CONFIG, ModelInit.random(CONFIG, 3), null);
        assertThat(ModelFolder.open(folder).config().eosIds()).containsExactly(2);
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [7, 2]}");
        assertThat(ModelFolder.open(folder).config().eosIds()).containsExactly(7, 2);
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": 9}");
        assertThat(ModelFolder.config(folder).eosIds()).containsExactly(9);
        for (String wrong : List.of("[\"a\"]", "[[2]]", "\"2\"", "true")) {
            Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": " + wrong + "}");
            assertThatThrownBy(() -> ModelFolder.open(folder))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("generation_config.json: eos_token_id = " + wrong);
        }
        Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": null}");
        assertThat(ModelFolder.open(folder).config().eosIds()).isNotEmpty();
        Files.writeString(folder.resolve("generation_config.json"), "{}");
        assertThat(ModelFolder.open(folder).config().eosIds()).containsExactly(2);
    }

    @Test
    void shouldReadTheConfigurationThatTransformersFiveWrites() {
        String old = CONFIG.toJson();
        String now = old.replace("\"rope_theta\" : 10000.0,", "")
                .replace(
                        "\"attention_bias\"",
                        "\"rope_parameters\" : {\"rope_type\" : \"default\", \"rope_theta\" : 10000.0},"
                                + "\"layer_types\" : [\"full_attention\", \"full_attention\"], \"attention_bias\"")
                .replace("torch_dtype", "dtype");
        assertThat(now).isNotEqualTo(old);
        assertThat(ModelConfig.parse(now, "new")).isEqualTo(ModelConfig.parse(old, "old"));
        assertThatThrownBy(() -> ModelConfig.parse(now.replace("full_attention", "sliding_attention"), "new"))
                .hasMessageContaining("only full_attention is known in a llama");
    }

    @Test
    void shouldNameTheQuantisationOfAFolderThatItDoesNotRead() {
        String quantised = CONFIG.toJson()
                .replace(
                        "\"attention_bias\"",
                        "\"quantization_config\" : {\"bits\" : 4, \"quant_method\" : \"gptq\"}, \"attention_bias\"");
        assertThatThrownBy(() -> ModelConfig.parse(quantised, "folder/config.json"))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("folder/config.json: quantization_config with quant_method = gptq")
                .hasMessageContaining("GGUF");
    }

    /** Qwen2.5-7B's embedding is over 2 GB in fp32, Llama 3 8B's just under. */
    @Test
    void shouldRefuseToTrainAWholeModelWhoseTensorsCannotTravel() {
        WholeModel.requireTravels(ModelConfig.llama(128_256, 4096, 14_336, 1, 32, 8, 8192));
        assertThatThrownBy(() -> WholeModel.requireTravels(ModelConfig.llama(152_064, 3584, 18_944, 1, 28, 4, 8192)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("model.embed_tokens.weight [152064, 3584] takes 2.0 GB in fp32")
                .hasMessageContaining("adapter.mode = lora");
    }

    @Test
    void shouldRefuseATokenizerLargerThanTheEmbedding() throws IOException {
        ModelFolder.save(folder, CONFIG, ModelInit.random(CONFIG, 3), null);
        StringBuilder words = new StringBuilder("\"a\":0");
        for (int i = 1; i <= CONFIG.vocabulary(); i++) {
            words.append(",\"w").append(i).append("\":").append(i);
        }
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"a\",\"vocab\":{" + words + "}}}");
        assertThatThrownBy(() -> ModelFolder.open(folder).tokenizer())
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("41 tokens")
                .hasMessageContaining("40 rows");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.padId()).isEqualTo(0); // config.json's
        }
        Files.writeString(
                folder.resolve("config.json"),
                CONFIG.toJson().replace("\"pad_token_id\" : 0", "\"pad_token_id\" : null"));
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.padId()).isEqualTo(2); // the end token, as TRL pads
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"model_type\" : \"llama\" | \"model_type\" : \"mamba\" | model_type 'mamba' is not known",
                "\"vocab_size\" : 40 | \"vocab_size\" : \"40\" | vocab_size = \"40\": expected an integer",
                "\"hidden_size\" : 16, | '' | hidden_size is missing",
                "\"silu\" | \"relu\" | hidden_act = \"relu\" is not known",
                "\"num_key_value_heads\" : 2 | \"num_key_value_heads\" : 3 | multiple of key-value heads",
                "\"rope_theta\" : 10000.0 | \"rope_scaling\" : {\"rope_type\" : \"ntk\"} | rope type 'ntk'",
                "\"attention_bias\" : false | \"attention_bias\" : 1 | attention_bias = 1: expected true or false",
                "\"attention_bias\" : false | \"foo_scale\" : 2 | not known: foo_scale = 2",
                "\"num_hidden_layers\" : 2 | \"num_hidden_layers\" : 2000000000 | at most 4096",
                "\"vocab_size\" : 40 | \"vocab_size\" : 2000000000 | at most 16777216",
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
