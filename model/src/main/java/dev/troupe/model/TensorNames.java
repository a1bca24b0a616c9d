package dev.troupe.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a family calls its tensors, and which linear maps it keeps in one. Names of layers stand behind {@code
 * layers}, the layer's number and a point; those of linear maps and norms go on with {@code .weight} or {@code .bias}.
 *
 * @param embedding the embedding
 * @param layers what the names of layers begin with
 * @param norms of a layer: before attention, after it, before the mlp, after it; null where there is none
 * @param attention query, key, value; or the one that holds them all
 * @param fusion how that one holds them
 * @param output attention's output
 * @param mlp gate, up; or the one that holds gate, then up
 * @param down the mlp's output
 * @param norm the final norm
 * @param head the language-model head
 */
public record TensorNames(
        String embedding,
        String layers,
        List<@Nullable String> norms,
        List<String> attention,
        Fusion fusion,
        String output,
        List<String> mlp,
        String down,
        String norm,
        String head) {
    /** Norms of queries and keys, where there are any. */
    public static final String QUERY_NORM = "self_attn.q_norm";

    /** See {@link #QUERY_NORM}. */
    public static final String KEY_NORM = "self_attn.k_norm";

    /** How one tensor holds queries, keys and values. */
    public enum Fusion {
        /** There are three tensors. */
        NONE,
        /** All queries, all keys, all values. */
        STACKED,
        /** By key-value head: its queries, its key, its value. */
        BY_HEAD
    }

    private static final List<String> QKV = List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj");
    private static final List<String> GATE_UP = List.of("mlp.gate_proj", "mlp.up_proj");

    /** Llama's, and those of most. */
    static final TensorNames LLAMA = llama(norms("input_layernorm", null, "post_attention_layernorm", null));

    /** Gemma 2's and 3's: norms before and after. */
    static final TensorNames FOUR_NORMS = llama(norms(
            "input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm"));

    /** OLMo 2's: norms after alone. */
    static final TensorNames NORMS_AFTER =
            llama(norms(null, "post_attention_layernorm", null, "post_feedforward_layernorm"));

    /** Phi-3's. */
    static final TensorNames PHI3 = LLAMA.fused("self_attn.qkv_proj", List.of("mlp.gate_up_proj"));

    /** Baichuan's. */
    static final TensorNames BAICHUAN = LLAMA.fused("self_attn.W_pack", GATE_UP);

    /** InternLM2's. */
    static final TensorNames INTERNLM2 = new TensorNames(
            "model.tok_embeddings",
            "model.layers.",
            norms("attention_norm", null, "ffn_norm", null),
            List.of("attention.wqkv"),
            Fusion.BY_HEAD,
            "attention.wo",
            List.of("feed_forward.w1", "feed_forward.w3"),
            "feed_forward.w2",
            "model.norm",
            "output");

    private static List<@Nullable String> norms(
            @Nullable String attention, @Nullable String afterAttention, @Nullable String mlp, @Nullable String after) {
        return java.util.Arrays.asList(attention, afterAttention, mlp, after);
    }

    private static TensorNames llama(List<@Nullable String> norms) {
        return new TensorNames(
                "model.embed_tokens",
                "model.layers.",
                norms,
                QKV,
                Fusion.NONE,
                "self_attn.o_proj",
                GATE_UP,
                "mlp.down_proj",
                "model.norm",
                "lm_head");
    }

    private TensorNames fused(String qkv, List<String> gateUp) {
        return new TensorNames(
                embedding, layers, norms, List.of(qkv), Fusion.STACKED, output, gateUp, down, norm, head);
    }

    /** Whether norms stand where Llama has them: before attention and before the mlp. */
    boolean normsAsInLlama() {
        return norms.get(0) != null && norms.get(1) == null && norms.get(2) != null && norms.get(3) == null;
    }
}
