package dev.troupe.model.gguf;

import dev.troupe.model.TensorNames;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What GGUF calls the tensors that a family of Hugging Face has under other names. */
final class GgufNames {
    /** Divisors of the rope's frequencies, not weights: Llama 3's, LongRoPE's. */
    static final String ROPE_FACTORS = "rope_freqs.weight";

    static final String SHORT_FACTORS = "rope_factors_short.weight";
    static final String LONG_FACTORS = "rope_factors_long.weight";

    /** Queries, keys, values; and the one that may hold them all. */
    static final List<String> ATTENTION = List.of("attn_q", "attn_k", "attn_v");

    static final String QKV = "attn_qkv";
    private static final List<String> NORMS = List.of("attn_norm", "post_attention_norm", "ffn_norm", "post_ffw_norm");
    private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,6})\\.(\\w+)\\.(weight|bias)");
    private static final Pattern PLAIN = Pattern.compile("(\\w+)\\.(weight|bias)");

    private final TensorNames names;
    private final Map<String, String> global = new HashMap<>();
    private final Map<String, String> inLayer = new HashMap<>();

    /**
     * A tensor of a layer.
     *
     * @param part such as {@code attn_q}
     * @param kind {@code weight} or {@code bias}
     */
    record InLayer(int layer, String part, String kind) {
        String name() {
            return "blk." + layer + "." + part + "." + kind;
        }
    }

    GgufNames(TensorNames names) {
        this.names = names;
        global.put("token_embd", names.embedding());
        global.put("output_norm", names.norm());
        global.put("output", names.head());
        for (int i = 0; i < NORMS.size(); i++) {
            String norm = names.norms().get(i);
            if (norm != null) {
                inLayer.put(NORMS.get(i), norm);
            }
        }
        if (names.attention().size() == ATTENTION.size()) {
            for (int i = 0; i < ATTENTION.size(); i++) {
                inLayer.put(ATTENTION.get(i), names.attention().get(i));
            }
        } else {
            inLayer.put(QKV, names.attention().get(0));
        }
        inLayer.put("attn_q_norm", TensorNames.QUERY_NORM);
        inLayer.put("attn_k_norm", TensorNames.KEY_NORM);
        inLayer.put("attn_output", names.output());
        if (names.mlp().size() == 1) {
            inLayer.put("ffn_up", names.mlp().get(0));
        } else {
            inLayer.put("ffn_gate", names.mlp().get(0));
            inLayer.put("ffn_up", names.mlp().get(1));
        }
        inLayer.put("ffn_down", names.down());
    }

    /** Whether a tensor is a list of divisors and no weight. */
    static boolean isRope(String name) {
        return name.equals(ROPE_FACTORS) || name.equals(SHORT_FACTORS) || name.equals(LONG_FACTORS);
    }

    /** The layer and part that a name means; null for tensors of no layer. */
    static @Nullable InLayer inLayer(String name) {
        Matcher layer = LAYER.matcher(name);
        return layer.matches() ? new InLayer(Integer.parseInt(layer.group(1)), layer.group(2), layer.group(3)) : null;
    }

    /** Hugging Face's name of a GGUF tensor; the name itself where there is none, which the layout then refuses. */
    String toHuggingFace(String name) {
        InLayer place = inLayer(name);
        if (place != null) {
            String inner = inLayer.get(place.part);
            return inner == null ? name : names.layers() + place.layer + "." + inner + "." + place.kind;
        }
        Matcher plain = PLAIN.matcher(name);
        String outer = plain.matches() ? global.get(plain.group(1)) : null;
        return outer == null ? name : outer + "." + plain.group(2);
    }

    /** GGUF's name of a Hugging Face tensor; null for one that GGUF has no place for, such as a score head. */
    @Nullable
    String toGguf(String name) {
        int dot = name.lastIndexOf('.');
        String kind = name.substring(dot + 1);
        String body = dot < 0 ? name : name.substring(0, dot);
        String outer = keyOf(global, body);
        if (outer != null) {
            return outer + "." + kind;
        }
        if (!body.startsWith(names.layers())) {
            return null;
        }
        String rest = body.substring(names.layers().length());
        int end = rest.indexOf('.');
        String inner = end < 0 ? null : keyOf(inLayer, rest.substring(end + 1));
        return inner == null ? null : "blk." + rest.substring(0, end) + "." + inner + "." + kind;
    }

    private static @Nullable String keyOf(Map<String, String> map, String value) {
        return map.entrySet().stream()
                .filter(entry -> entry.getValue().equals(value))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(null);
    }
}
