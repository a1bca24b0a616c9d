package dev.troupe.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.gguf.GgufModel;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * An adapter's folder as peft writes and reads it.
 *
 * @param path where it is
 * @param base {@code base_model_name_or_path}: the model it was made for
 * @param config its numbers
 * @param scoreHead whether a score head of one output came with it
 * @param tensors named as in the file
 */
public record AdapterFolder(Path path, String base, AdapterConfig config, boolean scoreHead, TensorSet tensors) {
    /** The file that makes a folder an adapter's. */
    public static final String CONFIG = "adapter_config.json";

    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final String SCORE_TASK = "SEQ_CLS";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** What only other kinds of adapters set: not false, null or empty means something this reader does not know. */
    private static final List<String> UNKNOWN_WHEN_SET = List.of(
            "use_dora",
            "fan_in_fan_out",
            "lora_bias",
            "rank_pattern",
            "alpha_pattern",
            "layers_to_transform",
            "layer_replication",
            "exclude_modules",
            "target_parameters",
            "trainable_token_indices",
            "use_qalora",
            "use_bdlora",
            "alora_invocation_tokens");

    /** Whether a folder is an adapter's. */
    public static boolean is(Path path) {
        return Files.isRegularFile(path.resolve(CONFIG));
    }

    /** Where the model is that the adapter was made for; an error names the folders that were looked for. */
    public Path basePath() {
        return basePath(path, base);
    }

    /** {@link #basePath()} of a folder, whatever else its configuration says. */
    static Path basePath(Path path) {
        return basePath(path, object(path).path("base_model_name_or_path").asText(""));
    }

    private static Path basePath(Path path, String base) {
        Set<Path> places = new LinkedHashSet<>(
                List.of(path.resolve(base).normalize(), Path.of(base).toAbsolutePath()));
        return places.stream()
                .filter(p -> !base.isEmpty() && isModel(p))
                .findFirst()
                .orElseThrow(() -> new ModelException(path.resolve(CONFIG) + ": base_model_name_or_path = \"" + base
                        + "\" is no model folder and no .gguf file (looked for "
                        + places.stream().map(Path::toString).collect(Collectors.joining(" and "))
                        + "); name the model itself and give this folder as its adapter"));
    }

    private static boolean isModel(Path path) {
        return Files.isRegularFile(path.resolve("config.json"))
                || is(path)
                || (GgufModel.isGguf(path) && Files.isRegularFile(path));
    }

    /** Reads adapter_config.json and adapter_model.safetensors; errors name the file and the key. */
    public static AdapterFolder open(Path path) {
        return open(path, Set.of());
    }

    /**
     * As {@link #open(Path)}.
     *
     * @param ignoredKeys keys of adapter_config.json that are read as if they were not there
     */
    public static AdapterFolder open(Path path, Set<String> ignoredKeys) {
        Path file = path.resolve(CONFIG);
        JsonNode node = object(path);
        AdapterConfig config = config(node, file);
        boolean score = scoreHead(node, file);
        String base = node.path("base_model_name_or_path").asText("");
        return new AdapterFolder(
                path,
                base,
                config,
                score,
                HalfFloats.as(DataType.DATA_TYPE_F32, Safetensors.read(path.resolve(WEIGHTS))));
    }

    private static JsonNode object(Path path) {
        Path file = path.resolve(CONFIG);
        if (!Files.isRegularFile(file)) {
            throw new ModelException(
                    "no adapter folder " + path + " (expected a folder with " + CONFIG + " and " + WEIGHTS + ")");
        }
        try {
            JsonNode node = JSON.readTree(Files.readString(file));
            if (node == null || !node.isObject()) {
                throw new ModelException(file + ": expected a JSON object");
            }
            return node;
        } catch (JsonProcessingException e) {
            throw new ModelException(file + ": not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new ModelException("cannot read adapter configuration " + file + ": " + e, e);
        }
    }

    private static AdapterConfig config(JsonNode node, Path file) {
        if (!node.path("peft_type").asText().equals("LORA")) {
            throw new ModelException(file + ": peft_type = " + node.path("peft_type") + ": only LORA is known");
        }
        if (!node.path("bias").asText("none").equals("none")) {
            throw new ModelException(file + ": bias = " + node.get("bias") + ": only none is known");
        }
        for (String key : UNKNOWN_WHEN_SET) {
            JsonNode value = node.path(key);
            boolean unset = value.isMissingNode()
                    || value.isNull()
                    || value.isBoolean() && !value.asBoolean()
                    || value.isContainerNode() && value.isEmpty();
            if (!unset) {
                throw new ModelException(file + ": " + key + " = " + value + " is not supported");
            }
        }
        JsonNode targets = node.path("target_modules");
        List<String> names = new ArrayList<>();
        if (targets.isArray()) {
            targets.forEach(t -> names.add(t.asText()));
        } else if (targets.asText().equals(AdapterConfig.ALL_LINEAR)) {
            names.add(AdapterConfig.ALL_LINEAR);
        } else {
            throw new ModelException(file + ": target_modules = " + targets
                    + ": expected a list of names or all-linear; patterns are not supported");
        }
        try {
            return new AdapterConfig(
                    number(node, "r", file).intValue(),
                    number(node, "lora_alpha", file).doubleValue(),
                    node.path("lora_dropout").asDouble(0),
                    node.path("use_rslora").asBoolean(false),
                    names);
        } catch (IllegalArgumentException e) {
            throw new ModelException(file + ": " + e.getMessage(), e);
        }
    }

    private static Number number(JsonNode node, String key, Path file) {
        if (!node.path(key).isNumber()) {
            throw new ModelException(file + ": key " + key + " is missing or no number");
        }
        return node.get(key).numberValue();
    }

    private static boolean scoreHead(JsonNode node, Path file) {
        String task = node.path("task_type").asText("CAUSAL_LM");
        boolean score = task.equals(SCORE_TASK);
        if (!score && !task.equals("CAUSAL_LM")) {
            throw new ModelException(
                    file + ": task_type = " + task + ": only CAUSAL_LM and " + SCORE_TASK + " are known");
        }
        for (JsonNode module : node.path("modules_to_save")) {
            if (!score || !List.of("score", "classifier").contains(module.asText())) {
                throw new ModelException(file + ": modules_to_save names " + module + "; only the score head of a "
                        + SCORE_TASK + " adapter can come along");
            }
        }
        return score;
    }

    /** Writes the folder; the same bytes for equal adapters. */
    public void save() {
        try {
            Files.createDirectories(path);
            Files.writeString(path.resolve(CONFIG), toJson());
        } catch (IOException e) {
            throw new ModelException("cannot write adapter folder " + path + ": " + e, e);
        }
        Safetensors.write(path.resolve(WEIGHTS), tensors);
    }

    private String toJson() {
        ObjectNode n = JSON.createObjectNode();
        n.put("peft_type", "LORA");
        n.put("task_type", scoreHead ? SCORE_TASK : "CAUSAL_LM");
        n.put("base_model_name_or_path", base);
        n.put("r", config.r());
        if (config.alpha() == Math.rint(config.alpha())) {
            n.put("lora_alpha", (long) config.alpha());
        } else {
            n.put("lora_alpha", config.alpha());
        }
        n.put("lora_dropout", config.dropout());
        n.put("use_rslora", config.rslora());
        ArrayNode targets = n.putArray("target_modules");
        config.targets().forEach(targets::add);
        if (scoreHead) {
            n.putArray("modules_to_save").add("classifier").add("score");
        } else {
            n.putNull("modules_to_save");
        }
        n.put("bias", "none");
        n.put("fan_in_fan_out", false);
        n.put("init_lora_weights", true);
        n.put("inference_mode", true);
        return n.toPrettyString() + "\n";
    }
}
