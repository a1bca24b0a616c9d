package dev.troupe.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Writes an adapter_config.json that peft reads, the same text for equal adapters. */
final class AdapterConfigWriter {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final AdapterConfig config;
    private final AdapterExtras extras;
    private final ObjectNode out = JSON.createObjectNode();

    AdapterConfigWriter(AdapterConfig config, AdapterExtras extras) {
        this.config = config;
        this.extras = extras;
    }

    String text(String base) {
        out.put("peft_type", "LORA");
        out.put("task_type", extras.scoreHead() ? "SEQ_CLS" : "CAUSAL_LM");
        out.put("base_model_name_or_path", base);
        out.put("r", config.r());
        number(out, "lora_alpha", config.alpha());
        out.put("lora_dropout", config.dropout());
        out.put("use_rslora", config.rslora());
        targets();
        ObjectNode ranks = out.putObject("rank_pattern");
        config.rankPattern().forEach(ranks::put);
        ObjectNode alphas = out.putObject("alpha_pattern");
        config.alphaPattern().forEach((key, alpha) -> number(alphas, key, alpha));
        extras();
        out.put("fan_in_fan_out", false);
        out.put("init_lora_weights", true);
        out.put("inference_mode", true);
        return out.toPrettyString() + "\n";
    }

    private static void number(ObjectNode to, String key, double value) {
        if (value == Math.rint(value)) {
            to.put(key, (long) value);
        } else {
            to.put(key, value);
        }
    }

    private void targets() {
        AdapterTargets targets = config.targets();
        if (targets.groups().contains(AdapterConfig.ALL_LINEAR)) {
            out.put("target_modules", AdapterConfig.ALL_LINEAR);
        } else {
            names("target_modules", targets.named());
        }
        if (!targets.excluded().equals(ModuleNames.NONE)) {
            names("exclude_modules", targets.excluded());
        }
        if (!targets.layers().isEmpty()) {
            targets.layers().forEach(out.putArray("layers_to_transform")::add);
        }
        if (!targets.layersPatterns().isEmpty()) {
            list("layers_pattern", targets.layersPatterns());
        }
        Set<String> saved = new LinkedHashSet<>(targets.saved());
        if (extras.scoreHead()) {
            saved.addAll(List.of("classifier", "score"));
        }
        if (saved.isEmpty()) {
            out.putNull("modules_to_save");
        } else {
            list("modules_to_save", List.copyOf(saved));
        }
    }

    private void names(String key, ModuleNames names) {
        if (names.regex() != null) {
            out.put(key, names.regex());
        } else {
            list(key, names.names());
        }
    }

    private void list(String key, List<String> texts) {
        ArrayNode array = out.putArray(key);
        texts.forEach(array::add);
    }

    private void extras() {
        out.put("bias", extras.bias());
        if (extras.dora()) {
            out.put("use_dora", true);
        }
        if (extras.loraBias()) {
            out.put("lora_bias", true);
        }
        if (extras.tying()) {
            out.put("ensure_weight_tying", true);
        }
        if (extras.tokens().containsKey("")) {
            extras.tokens().getOrDefault("", List.of()).forEach(out.putArray("trainable_token_indices")::add);
        } else if (!extras.tokens().isEmpty()) {
            ObjectNode tokens = out.putObject("trainable_token_indices");
            extras.tokens().forEach((module, ids) -> ids.forEach(tokens.withArray("/" + module)::add));
        }
    }
}
