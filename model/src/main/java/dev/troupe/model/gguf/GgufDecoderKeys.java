package dev.troupe.model.gguf;

import dev.troupe.model.KnownKeys;
import java.util.List;

/** The keys of GGUF metadata that begin with the architecture's name and say what the decoder is. */
final class GgufDecoderKeys {
    private final KnownKeys keys = new KnownKeys();
    private final String prefix;

    private GgufDecoderKeys(GgufArchitecture architecture) {
        prefix = architecture.key() + ".";
    }

    static KnownKeys of(GgufArchitecture architecture) {
        GgufDecoderKeys decoder = new GgufDecoderKeys(architecture);
        decoder.read();
        decoder.scales(architecture);
        decoder.attention();
        decoder.experts();
        decoder.others();
        return decoder.keys;
    }

    private void read() {
        used("vocab_size", "context_length", "embedding_length", "block_count", "feed_forward_length");
        used("attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length");
        used("attention.layer_norm_rms_epsilon", "attention.causal");
        used("attention.key_length_swa", "attention.value_length_swa", "attention.scale");
        used("attention.sliding_window", "rope.dimension_count", "rope.dimension_count_swa", "rope.freq_base");
        used("rope.freq_base_swa", "rope.scale_linear", "rope.scaling.type", "rope.scaling.factor");
        used("rope.scaling.attn_factor", "rope.scaling.original_context_length", "rope.scaling.finetuned");
        used("rope.scaling.yarn_ext_factor", "rope.scaling.yarn_attn_factor");
        used("rope.scaling.yarn_beta_fast", "rope.scaling.yarn_beta_slow");
        refused("other amplitudes than YaRN's are not known", "rope.scaling.yarn_log_multiplier", 0);
        refused("that stretching is not known", "rope.scaling.alpha", 0);
        refused("a token has one position", "rope.dimension_sections", 0);
        // A norm takes no mean off, so the other norms' number is not looked at.
        keys.harmless(prefix + "attention.layer_norm_epsilon");
        refused(
                "query and key rows would be in another order",
                "tensor_data_layout",
                "Meta AI original pth",
                "reference");
        refused("the activation is that of all models of this architecture", "hidden_activation");
    }

    /** Each is a part of some architectures. */
    private void scales(GgufArchitecture architecture) {
        boolean scaled = architecture == GgufArchitecture.GRANITE || architecture == GgufArchitecture.MINICPM;
        boolean gemma = architecture == GgufArchitecture.GEMMA2 || architecture == GgufArchitecture.GEMMA3;
        either(scaled, "logits are not scaled", "logit_scale", 1);
        either(scaled, "residuals are not scaled", "residual_scale", 1);
        either(scaled, "embeddings are not scaled", "embedding_scale", 1);
        either(architecture == GgufArchitecture.GEMMA2, "scores are not capped", "attn_logit_softcapping", 0);
        either(gemma, "logits are not capped", "final_logit_softcapping", 0);
        if (gemma || architecture == GgufArchitecture.OLMO2) {
            used("attention.sliding_window_pattern");
        } else {
            // Whether there are windows, attention.sliding_window says.
            keys.harmless(prefix + "attention.sliding_window_pattern");
        }
    }

    private void either(boolean used, String why, String name, Object harmless) {
        if (used) {
            used(name);
        } else {
            refused(why, name, harmless);
        }
    }

    private void attention() {
        refused("positions are rotated, not added to the scores", "attention.max_alibi_bias", 0);
        refused("positions are rotated, not added to the scores", "attention.relative_buckets_count", 0);
        refused("positions are rotated in every layer", "attention.rope_pattern");
        refused("queries, keys and values are not clamped", "attention.clamp_kqv", 0);
        refused("attention's output is not scaled", "attention.output_scale", 1);
        refused("values are not scaled", "attention.value_scale", 1);
        refused("scores do not depend on the position", "attention.temperature_length", 0);
        refused("scores do not depend on the position", "attention.temperature_scale", 0);
        refused("each layer has keys and values of its own", "attention.shared_kv_layers", 0);
        refused("every layer is attention", "attention.recurrent_layers");
        refused("a token sees all tokens before it", "attention.indexer.*", 0);
        eachRefused(
                "queries, keys and values are plain linear maps",
                "attention.q_lora_rank",
                "attention.kv_lora_rank",
                "attention.kv_lora_rank_swa",
                "attention.decay_lora_rank",
                "attention.iclr_lora_rank",
                "attention.value_residual_mix_lora_rank",
                "attention.gate_lora_rank",
                "attention.output_lora_rank",
                "attention.output_group_count",
                "attention.key_length_mla",
                "attention.value_length_mla",
                "attention.key_length_mla_swa",
                "attention.value_length_mla_swa",
                "attention.compress_rope_freq_base",
                "attention.compress_ratios");
        eachRefused(
                "norms are over all numbers of a token", "attention.group_norm_epsilon", "attention.group_norm_groups");
    }

    private void experts() {
        eachRefused(
                "a mixture of experts",
                "expert_count",
                "expert_used_count",
                "expert_shared_count",
                "expert_group_count",
                "expert_group_used_count",
                "expert_feed_forward_length",
                "expert_shared_feed_forward_length",
                "expert_chunk_feed_forward_length",
                "expert_latent_length",
                "expert_weights_scale",
                "expert_weights_norm",
                "expert_gating_func",
                "expert_group_scale",
                "experts_per_group",
                "moe_every_n_layers",
                "moe_latent_size",
                "interleave_moe_layer_step",
                "leading_dense_block_count",
                "router_logit_softcapping",
                "swiglu_clamp_exp",
                "swiglu_clamp_shexp");
    }

    /** Parts of decoders, encoders and classifiers of other kinds. */
    private void others() {
        eachRefused(
                "not a part of this decoder",
                "ssm.*",
                "kda.*",
                "wkv.*",
                "posnet.*",
                "convnext.*",
                "shortconv.*",
                "hrm.*",
                "hyper_connection.*",
                "ple.*",
                "altup.*",
                "adapters.*",
                "activation.*",
                "attn_res.*",
                "dense_2_feat_in",
                "dense_2_feat_out",
                "dense_3_feat_in",
                "dense_3_feat_out",
                "embedding_length_out",
                "embedding_length_per_layer_input",
                "features_length",
                "use_parallel_residual",
                "nextn_predict_layers",
                "n_deepstack_layers",
                "deepstack_mapping",
                "decoder_start_token_id",
                "decoder_block_count",
                "swin_norm",
                "rescale_every_n_layers",
                "time_mix_extra_dim",
                "time_decay_extra_dim",
                "token_shift_count",
                "full_attention_interval",
                "activation_sparsity_scale",
                "num_loops",
                "skip_loop_final_norm",
                "hash_layer_count",
                "target_layers",
                "target_hidden_size",
                "norm_before_residual",
                "norm_before_fc",
                "block_size",
                "conv_kernel_size",
                "conv_group_size",
                "selector_rank",
                "selector_top_k");
        refused("the model embeds or ranks texts; expected one that generates", "pooling_type", 0);
        refused("the model classifies; expected one that generates", "classifier.*");
    }

    private void used(String... names) {
        for (String name : names) {
            keys.used(prefix + name);
        }
    }

    private void refused(String why, String name, Object... harmless) {
        keys.refused(prefix + name, why, harmless);
    }

    private void eachRefused(String why, String... names) {
        for (String name : List.of(names)) {
            refused(why, name, 0);
        }
    }
}
