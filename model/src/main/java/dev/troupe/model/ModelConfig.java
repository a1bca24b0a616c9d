package dev.troupe.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The shape of a decoder, read from a Hugging Face config.json in the old or the transformers-5 form.
 *
 * @param family model_type, a row of {@link ModelFamily}
 * @param scoreHead whether a score head of one output stands in place of the language-model head
 * @param tied whether the language-model head is the embedding matrix
 * @param bosId first token of a text, or -1
 * @param eosIds tokens that end a text, maybe none; the first is the one written
 * @param padId padding token, or -1
 */
public record ModelConfig(
        ModelFamily family,
        boolean scoreHead,
        int vocabulary,
        int hidden,
        int intermediate,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int maxPositions,
        double normEps,
        Rope rope,
        boolean tied,
        int bosId,
        List<Integer> eosIds,
        int padId) {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Far beyond any model: what a broken file says is refused before anything is made as large. */
    private static final int MAX_WIDTH = 1 << 20;

    private static final int MAX_ROWS = 1 << 24;
    private static final int MAX_LAYERS = 4096;

    /** Checks that the numbers fit together. */
    public ModelConfig {
        eosIds = List.copyOf(eosIds);
        require(vocabulary > 0 && hidden > 0 && intermediate > 0 && layers > 0, "sizes must be positive");
        require(vocabulary <= MAX_ROWS, "a vocabulary of " + vocabulary + "; at most " + MAX_ROWS);
        require(hidden <= MAX_WIDTH && intermediate <= MAX_WIDTH, "sizes of more than " + MAX_WIDTH);
        require(layers <= MAX_LAYERS, layers + " layers; at most " + MAX_LAYERS);
        require(
                heads > 0 && heads <= MAX_WIDTH && kvHeads > 0 && heads % kvHeads == 0,
                "heads must be a multiple of key-value heads");
        require(headDim > 0 && headDim % 2 == 0, "head_dim must be even, not " + headDim);
        require((long) heads * headDim <= MAX_WIDTH, heads + " heads of " + headDim + "; at most " + MAX_WIDTH);
        require(maxPositions > 0, "max_position_embeddings must be positive");
        require(normEps > 0, "rms_norm_eps must be positive");
    }

    /** A new Llama with rope theta 10000, for models made from nothing. */
    public static ModelConfig llama(
            int vocabulary, int hidden, int intermediate, int layers, int heads, int kvHeads, int maxPositions) {
        return new ModelConfig(
                ModelFamily.LLAMA,
                false,
                vocabulary,
                hidden,
                intermediate,
                layers,
                heads,
                kvHeads,
                hidden / heads,
                maxPositions,
                1e-5,
                new Rope(10000.0, null),
                true,
                1,
                List.of(2),
                0);
    }

    /** Reads config.json; the error names the file and the key. */
    public static ModelConfig read(Path file) {
        return read(file, Set.of());
    }

    /**
     * As {@link #read(Path)}.
     *
     * @param ignoredKeys keys that are read as if they were not there
     */
    public static ModelConfig read(Path file, Set<String> ignoredKeys) {
        try {
            return parse(Files.readString(file), file.toString(), ignoredKeys);
        } catch (IOException e) {
            throw new ModelException("cannot read model configuration " + file + ": " + e, e);
        }
    }

    /** Reads the text of a config.json; {@code source} serves in errors. */
    public static ModelConfig parse(String json, String source) {
        return parse(json, source, Set.of());
    }

    private static ModelConfig parse(String json, String source, Set<String> ignoredKeys) {
        try {
            JsonNode node = JSON.readTree(json);
            if (node == null || !node.isObject()) {
                throw new ModelException(source + ": expected a JSON object");
            }
            return new ConfigReader(node, source).read();
        } catch (JsonProcessingException e) {
            throw new ModelException(source + ": not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new ModelException(source + ": " + e.getMessage(), e);
        }
    }

    /** The first end token, or -1. */
    public int eosId() {
        return eosIds.isEmpty() ? -1 : eosIds.get(0);
    }

    /** The same decoder with other end tokens. */
    public ModelConfig withEosIds(List<Integer> ends) {
        return with(scoreHead, ends);
    }

    /** The same decoder with a score head (or with a language-model head again). */
    public ModelConfig withScoreHead(boolean score) {
        return with(score, eosIds);
    }

    private ModelConfig with(boolean score, List<Integer> ends) {
        return new ModelConfig(
                family,
                score,
                vocabulary,
                hidden,
                intermediate,
                layers,
                heads,
                kvHeads,
                headDim,
                maxPositions,
                normEps,
                rope,
                tied,
                bosId,
                ends,
                padId);
    }

    /** {@link #toJson(DataType)} of a model whose weights are F32. */
    public String toJson() {
        return toJson(DataType.DATA_TYPE_F32);
    }

    /**
     * A config.json that transformers reads, in the form most checkpoints have; the same bytes for equal
     * configurations.
     *
     * @param weights type of the tensors beside it: F32, F16 or BF16
     */
    public String toJson(DataType weights) {
        ObjectNode n = JSON.createObjectNode();
        n.putArray("architectures").add(scoreHead ? family.scoreArchitecture() : family.architecture());
        n.put("model_type", family.modelType());
        n.put("vocab_size", vocabulary);
        n.put("hidden_size", hidden);
        n.put("intermediate_size", intermediate);
        n.put("num_hidden_layers", layers);
        n.put("num_attention_heads", heads);
        n.put("num_key_value_heads", kvHeads);
        n.put("head_dim", headDim);
        n.put("hidden_act", "silu");
        n.put("max_position_embeddings", maxPositions);
        n.put("rms_norm_eps", normEps);
        n.put("rope_theta", rope.theta());
        Rope.Llama3 scaling = rope.llama3();
        if (scaling != null) {
            ObjectNode s = n.putObject("rope_scaling");
            s.put("rope_type", "llama3");
            s.put("factor", scaling.factor());
            s.put("low_freq_factor", scaling.lowFrequency());
            s.put("high_freq_factor", scaling.highFrequency());
            s.put("original_max_position_embeddings", scaling.originalPositions());
        }
        n.put("attention_bias", false);
        n.put("tie_word_embeddings", tied);
        putId(n, "bos_token_id", bosId);
        if (eosIds.size() > 1) {
            ArrayNode ends = n.putArray("eos_token_id");
            eosIds.forEach(ends::add);
        } else {
            putId(n, "eos_token_id", eosId());
        }
        putId(n, "pad_token_id", padId);
        if (scoreHead) {
            n.putObject("id2label").put("0", "LABEL_0");
            n.putObject("label2id").put("LABEL_0", 0);
        }
        n.put(
                "torch_dtype",
                switch (weights) {
                    case DATA_TYPE_F16 -> "float16";
                    case DATA_TYPE_BF16 -> "bfloat16";
                    default -> "float32";
                });
        return n.toPrettyString() + "\n";
    }

    private static void putId(ObjectNode node, String key, int id) {
        if (id >= 0) {
            node.put(key, id);
        } else {
            node.putNull(key);
        }
    }

    private static void require(boolean ok, String message) {
        if (!ok) {
            throw new IllegalArgumentException(message);
        }
    }

    /** Reads keys with errors that name them. */
    private record ConfigReader(JsonNode node, String source) {
        ModelConfig read() {
            ModelFamily family = ModelFamily.of(text("model_type"), source);
            refuse("attention_bias", family != ModelFamily.QWEN2);
            refuse("mlp_bias", true);
            refuse("use_sliding_window", true);
            JsonNode quantized = node.path("quantization_config");
            if (quantized.isObject()) {
                throw new ModelException(
                        source + ": quantization_config with quant_method = "
                                + quantized.path("quant_method").asText("?")
                                + ": quantised Hugging Face folders are not read;"
                                + " expected the model as it was before (adapter.mode = qlora quantises it here), or a GGUF file");
            }
            node.path("layer_types").forEach(type -> {
                if (!type.asText().equals("full_attention")) {
                    throw new ModelException(source + ": layer_types holds " + type + ": only full_attention is known");
                }
            });
            if (!"silu".equals(node.path("hidden_act").asText("silu"))) {
                throw new ModelException(source + ": hidden_act = " + node.get("hidden_act") + ": only silu is known");
            }
            String architecture = node.path("architectures").path(0).asText(family.architecture());
            boolean score = architecture.equals(family.scoreArchitecture());
            if (!score && !architecture.equals(family.architecture())) {
                throw new ModelException(source + ": architecture " + architecture + " is not known; expected "
                        + family.architecture() + " or " + family.scoreArchitecture());
            }
            int labels =
                    node.path("id2label").isObject() ? node.path("id2label").size() : 1;
            if (score && labels != 1) {
                throw new ModelException(source + ": a score head of " + labels + " labels; only one is known");
            }
            int heads = integer("num_attention_heads", null);
            int hidden = integer("hidden_size", null);
            return new ModelConfig(
                    family,
                    score,
                    integer("vocab_size", null),
                    hidden,
                    integer("intermediate_size", null),
                    integer("num_hidden_layers", null),
                    heads,
                    integer("num_key_value_heads", heads),
                    integer("head_dim", hidden / Math.max(1, heads)),
                    integer("max_position_embeddings", null),
                    number(node, "rms_norm_eps", 1e-6),
                    rope(),
                    node.path("tie_word_embeddings").asBoolean(false),
                    integer("bos_token_id", -1),
                    ends(),
                    integer("pad_token_id", -1));
        }

        private Rope rope() {
            boolean newForm = node.path("rope_parameters").isObject();
            JsonNode scaling = newForm ? node.get("rope_parameters") : node.path("rope_scaling");
            double theta = number(newForm ? scaling : node, "rope_theta", 10000.0);
            String type = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
            return switch (type) {
                case "default" -> new Rope(theta, null);
                case "llama3" ->
                    new Rope(
                            theta,
                            new Rope.Llama3(
                                    number(scaling, "factor", null),
                                    number(scaling, "low_freq_factor", null),
                                    number(scaling, "high_freq_factor", null),
                                    (int) number(scaling, "original_max_position_embeddings", null)));
                default ->
                    throw new ModelException(
                            source + ": rope type '" + type + "' is not known; expected default or llama3");
            };
        }

        private List<Integer> ends() {
            JsonNode eos = node.path("eos_token_id");
            if (eos.isArray()) {
                return java.util.stream.StreamSupport.stream(eos.spliterator(), false)
                        .map(JsonNode::asInt)
                        .toList();
            }
            return eos.isInt() ? List.of(eos.asInt()) : List.of();
        }

        private void refuse(String key, boolean where) {
            if (where && node.path(key).asBoolean(false)) {
                throw new ModelException(source + ": " + key + " = true is not supported");
            }
        }

        private String text(String key) {
            if (!node.path(key).isTextual()) {
                throw new ModelException(source + ": key " + key + " is missing or not a text");
            }
            return node.get(key).asText();
        }

        private int integer(String key, @Nullable Integer otherwise) {
            JsonNode value = node.path(key);
            if (value.isInt()) {
                return value.asInt();
            }
            if (otherwise != null && (value.isMissingNode() || value.isNull())) {
                return otherwise;
            }
            throw new ModelException(source + ": key " + key
                    + (value.isMissingNode() ? " is missing" : " = " + value + ": expected an integer"));
        }

        private double number(JsonNode from, String key, @Nullable Double otherwise) {
            JsonNode value = from.path(key);
            if (value.isNumber()) {
                return value.asDouble();
            }
            if (otherwise != null && (value.isMissingNode() || value.isNull())) {
                return otherwise;
            }
            throw new ModelException(source + ": key " + key
                    + (value.isMissingNode() ? " is missing" : " = " + value + ": expected a number"));
        }
    }
}
