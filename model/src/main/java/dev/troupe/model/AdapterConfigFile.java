package dev.troupe.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * Reads an adapter_config.json: every field of peft's LoraConfig up to version 0.21 is used, changes nothing, or is
 * refused by name.
 */
final class AdapterConfigFile {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    private static final String SCORE_TASK = "SEQ_CLS";
    private static final String MERGE = "merge the adapter with peft (merge_and_unload) and use the merged folder";

    /** Values of init_lora_weights whose training leaves the base as it was. */
    private static final Set<String> PLAIN_STARTS = Set.of("gaussian", "eva", "orthogonal", "mica");

    private static final KnownKeys KEYS = new KnownKeys()
            .used("peft_type", "task_type", "base_model_name_or_path", "r", "lora_alpha", "lora_dropout", "use_rslora")
            .used("target_modules", "exclude_modules", "layers_to_transform", "layers_pattern", "modules_to_save")
            .used("rank_pattern", "alpha_pattern", "init_lora_weights", "use_dora", "bias", "lora_bias")
            .used("trainable_token_indices", "ensure_weight_tying")
            // fan_in_fan_out is for layers that keep their matrix turned; peft takes it back for all others.
            .harmless("auto_mapping", "peft_version", "revision", "inference_mode", "runtime_config", "fan_in_fan_out")
            .harmless("loftq_config", "eva_config", "corda_config", "lora_ga_config", "megatron_core", "merge_weights")
            .harmless("qalora_group_size", "lora_dtype", "lorap_lr_ratio", "lorap_emb_lr")
            .refused("layer_replication", "layers that are there twice are not read; " + MERGE)
            .refused("target_parameters", "adapters on parameters (experts) are not read; " + MERGE)
            .refused("use_qalora", "its inputs are pooled in groups")
            .refused("use_bdlora", "its matrices are block-diagonal; " + MERGE)
            .refused("alora_invocation_tokens", "it is active behind an invocation only")
            .refused("arrow_config", "it routes between several adapters")
            .refused("kasa_config", "its base's weights are truncated and it has a diagonal of its own; " + MERGE)
            .refused("monteclora_config", "its matrices are sampled")
            .refused("velora_config", "its layers are not plain low-rank ones; " + MERGE)
            .refused("megatron_config", "its layers are Megatron's; " + MERGE)
            .refused("enable_lora", "parts of a fused module are not adapted one by one; " + MERGE);

    private final String source;
    private final JsonNode node;

    private AdapterConfigFile(String source, JsonNode node) {
        this.source = source;
        this.node = node;
    }

    /**
     * Opens the file and checks its keys.
     *
     * @param ignoredKeys keys that are read as if they were not there
     */
    static AdapterConfigFile open(Path file, Set<String> ignoredKeys) {
        ObjectNode node = object(file);
        String type = node.path("peft_type").asText("");
        if (!type.equals("LORA")) {
            throw new ModelException(file + ": peft_type = " + node.path("peft_type") + ": only LORA is known");
        }
        KEYS.check(node, file.toString(), ignoredKeys);
        return new AdapterConfigFile(file.toString(), node.remove(ignoredKeys));
    }

    /** The folder or name of the model that the adapter of a file was made for, whatever else the file says. */
    static String base(Path file) {
        return object(file).path("base_model_name_or_path").asText("");
    }

    private static ObjectNode object(Path file) {
        try {
            if (JSON.readTree(Files.readAllBytes(file)) instanceof ObjectNode object) {
                return object;
            }
            throw new ModelException(file + ": expected a JSON object");
        } catch (JsonProcessingException e) {
            throw new ModelException(file + ": not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new ModelException("cannot read adapter configuration " + file + ": " + e, e);
        }
    }

    private ModelException refusal(String key, String expected) {
        return new ModelException(source + ": " + key + " = " + node.path(key) + ": " + expected);
    }

    /** {@code base_model_name_or_path}. */
    String base() {
        return node.path("base_model_name_or_path").asText("");
    }

    /** Whether a score head comes along. */
    boolean scoreHead() {
        String task = node.path("task_type").asText("CAUSAL_LM");
        if (!task.equals(SCORE_TASK) && !task.equals("CAUSAL_LM")) {
            throw refusal("task_type", "only CAUSAL_LM and " + SCORE_TASK + " are known");
        }
        return task.equals(SCORE_TASK);
    }

    AdapterConfig config() {
        requireKnownStart();
        try {
            AdapterTargets targets = new AdapterTargets(
                    allLinear() ? Set.of(AdapterConfig.ALL_LINEAR) : Set.of(),
                    allLinear() ? ModuleNames.NONE : names("target_modules"),
                    names("exclude_modules"),
                    layers(),
                    texts("layers_pattern"),
                    saved());
            return new AdapterConfig(
                    whole(required("r"), "r"),
                    number(required("lora_alpha"), "lora_alpha"),
                    isUnset("lora_dropout") ? 0 : number(node.path("lora_dropout"), "lora_dropout"),
                    flag("use_rslora"),
                    targets,
                    pattern("rank_pattern", value -> whole(value, "rank_pattern")),
                    pattern("alpha_pattern", value -> number(value, "alpha_pattern")));
        } catch (IllegalArgumentException e) {
            throw new ModelException(source + ": " + e.getMessage(), e);
        }
    }

    AdapterExtras extras() {
        String bias = node.path("bias").asText("none");
        if (!List.of("none", "all", "lora_only").contains(bias)) {
            throw refusal("bias", "expected none, all or lora_only");
        }
        if (flag("use_dora") && flag("lora_bias")) {
            throw refusal("lora_bias", "use_dora has no biases");
        }
        return new AdapterExtras(
                bias, flag("use_dora"), flag("lora_bias"), tokens(), flag("ensure_weight_tying"), scoreHead());
    }

    /** Some starts take the adapter's first numbers off the base, which the folder does not hold. */
    private void requireKnownStart() {
        JsonNode start = node.path("init_lora_weights");
        if (start.isMissingNode()
                || start.isNull()
                || start.isBoolean()
                || start.isTextual() && PLAIN_STARTS.contains(start.asText().toLowerCase(Locale.ROOT))) {
            return;
        }
        String name = start.asText().toLowerCase(Locale.ROOT);
        if (name.startsWith("pissa")
                || Set.of("olora", "corda", "loftq", "lora_ga").contains(name)) {
            String convert = name.equals("loftq")
                    ? "Give the base that LoftQ wrote, and set init_lora_weights to true"
                    : "Write it as a plain adapter with peft: save_pretrained(folder,"
                            + " path_initial_model_for_weight_conversion = the adapter before training)";
            throw refusal(
                    "init_lora_weights",
                    "such an adapter stands over a changed base, whose weights are not in this folder. " + convert);
        }
        throw refusal("init_lora_weights", "not known; expected true, false or one of " + PLAIN_STARTS);
    }

    private boolean isUnset(String key) {
        return node.path(key).isMissingNode() || node.path(key).isNull();
    }

    private JsonNode required(String key) {
        if (isUnset(key)) {
            throw new ModelException(source + ": key " + key + " is missing");
        }
        return node.get(key);
    }

    private boolean flag(String key) {
        if (!isUnset(key) && !node.path(key).isBoolean()) {
            throw refusal(key, "expected true or false");
        }
        return node.path(key).asBoolean(false);
    }

    private int whole(JsonNode value, String key) {
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw refusal(key, "expected a whole number");
        }
        return value.asInt();
    }

    private double number(JsonNode value, String key) {
        if (!value.isNumber()) {
            throw refusal(key, "expected a number");
        }
        return value.asDouble();
    }

    private boolean allLinear() {
        JsonNode targets = node.path("target_modules");
        return targets.isTextual() && targets.asText().equalsIgnoreCase(AdapterConfig.ALL_LINEAR);
    }

    /** An expression, or a list of names. */
    private ModuleNames names(String key) {
        JsonNode value = node.path(key);
        if (key.equals("target_modules") && isUnset(key)) {
            throw refusal(key, "expected a list of names, an expression or all-linear");
        }
        boolean regex = value.isTextual() && !value.asText().isEmpty();
        return regex ? new ModuleNames(value.asText(), List.of()) : new ModuleNames(null, texts(key));
    }

    /** A list of texts, or one. */
    private List<String> texts(String key) {
        JsonNode value = node.path(key);
        List<String> all = new ArrayList<>();
        if (value.isTextual() && !value.asText().isEmpty()) {
            all.add(value.asText());
        } else if (value.isArray()) {
            for (JsonNode each : value) {
                if (!each.isTextual() || each.asText().isEmpty()) {
                    throw refusal(key, "expected names");
                }
                all.add(each.asText());
            }
        } else if (!isUnset(key) && !value.isTextual()) {
            throw refusal(key, "expected a list of names");
        }
        return all;
    }

    /** The score head, whichever of its two names it has, is {@link #scoreHead()}. */
    private List<String> saved() {
        List<String> saved = texts("modules_to_save");
        if (scoreHead()) {
            saved.removeAll(List.of("classifier", "score"));
        }
        return saved;
    }

    private List<Integer> layers() {
        return integers("layers_to_transform", node.path("layers_to_transform"));
    }

    private List<Integer> integers(String key, JsonNode value) {
        List<Integer> all = new ArrayList<>();
        if (value.isArray()) {
            value.forEach(each -> all.add(whole(each, key)));
        } else if (!value.isMissingNode() && !value.isNull()) {
            all.add(whole(value, key));
        }
        return all;
    }

    private <T> Map<String, T> pattern(String key, Function<JsonNode, T> read) {
        Map<String, T> all = new LinkedHashMap<>();
        if (!isUnset(key) && !node.path(key).isObject()) {
            throw refusal(key, "expected an object of expressions and numbers");
        }
        node.path(key).fields().forEachRemaining(e -> all.put(e.getKey(), read.apply(e.getValue())));
        return all;
    }

    private Map<String, List<Integer>> tokens() {
        String key = "trainable_token_indices";
        JsonNode value = node.path(key);
        Map<String, List<Integer>> all = new LinkedHashMap<>();
        if (value.isObject()) {
            value.fields().forEachRemaining(e -> all.put(e.getKey(), integers(key, e.getValue())));
        } else if (!isUnset(key) && !value.isEmpty()) {
            all.put("", integers(key, value));
        } else if (value.isNumber() || value.isTextual()) {
            throw refusal(key, "expected a list of tokens, or one for each module");
        }
        return all;
    }
}
