package dev.troupe.model.gguf;

import dev.troupe.model.ModelException;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What GGUF calls the tensors that Hugging Face has under other names. */
final class GgufNames {
    /** Llama 3's stretching of the rope's frequencies, as divisors: not a weight. */
    static final String ROPE_FACTORS = "rope_freqs.weight";

    private static final Map<String, String> GLOBAL = Map.of(
            "token_embd", "model.embed_tokens",
            "output_norm", "model.norm",
            "output", "lm_head");
    private static final Map<String, String> IN_LAYER = Map.ofEntries(
            Map.entry("attn_norm", "input_layernorm"),
            Map.entry("attn_q", "self_attn.q_proj"),
            Map.entry("attn_k", "self_attn.k_proj"),
            Map.entry("attn_v", "self_attn.v_proj"),
            Map.entry("attn_output", "self_attn.o_proj"),
            Map.entry("attn_q_norm", "self_attn.q_norm"),
            Map.entry("attn_k_norm", "self_attn.k_norm"),
            Map.entry("ffn_norm", "post_attention_layernorm"),
            Map.entry("ffn_gate", "mlp.gate_proj"),
            Map.entry("ffn_up", "mlp.up_proj"),
            Map.entry("ffn_down", "mlp.down_proj"));
    private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,6})\\.(\\w+)\\.(weight|bias)");
    private static final Pattern PLAIN = Pattern.compile("(\\w+)\\.(weight|bias)");
    private static final Pattern HF_LAYER = Pattern.compile("model\\.layers\\.(\\d+)\\.(.+)\\.(weight|bias)");
    private static final Pattern HF_PLAIN = Pattern.compile("(.+)\\.(weight|bias)");

    private GgufNames() {}

    /** Hugging Face's name of a GGUF tensor; the name itself where there is none, which the layout then refuses. */
    static String toHuggingFace(String name) {
        Matcher layer = LAYER.matcher(name);
        if (layer.matches() && IN_LAYER.containsKey(layer.group(2))) {
            return "model.layers." + Integer.parseInt(layer.group(1)) + "." + IN_LAYER.get(layer.group(2)) + "."
                    + layer.group(3);
        }
        Matcher plain = PLAIN.matcher(name);
        return plain.matches() && GLOBAL.containsKey(plain.group(1))
                ? GLOBAL.get(plain.group(1)) + "." + plain.group(2)
                : name;
    }

    /** GGUF's name of a Hugging Face tensor; an error for one that GGUF has no place for, such as a score head. */
    static String toGguf(String name) {
        Matcher layer = HF_LAYER.matcher(name);
        if (layer.matches()) {
            String inner = turned(IN_LAYER).get(layer.group(2));
            if (inner != null) {
                return "blk." + layer.group(1) + "." + inner + "." + layer.group(3);
            }
        }
        Matcher plain = HF_PLAIN.matcher(name);
        String outer = plain.matches() ? turned(GLOBAL).get(plain.group(1)) : null;
        if (outer == null) {
            throw new ModelException("tensor " + name + " has no place in a GGUF file; expected a language model");
        }
        return outer + "." + plain.group(2);
    }

    private static Map<String, String> turned(Map<String, String> names) {
        return names.entrySet().stream().collect(Collectors.toMap(Map.Entry::getValue, Map.Entry::getKey));
    }
}
