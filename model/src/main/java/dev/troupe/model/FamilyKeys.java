package dev.troupe.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.DecoderTraits.Activation;
import dev.troupe.model.DecoderTraits.Biases;
import dev.troupe.model.DecoderTraits.QkNorm;
import dev.troupe.model.DecoderTraits.Scales;
import dev.troupe.model.DecoderTraits.Windows;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * The keys of config.json that are a family's own: what they say, how they are written, which there may be. A key that
 * is missing has the value that transformers' class for the family gives it.
 */
final class FamilyKeys {
    /** Baichuan-7B's architecture; Baichuan 2 is spelled like the others. */
    static final String FIRST_BAICHUAN = "BaiChuanForCausalLM";

    private static final String WINDOW = "sliding_window";
    private static final String TYPES = "layer_types";
    private static final String NO_DROPOUT = "this dropout is not applied in training";

    /**
     * Beside these a config.json may hold what concerns programs, sampling, or labels, but not what is computed. Keys
     * that begin with an underscore are the notes of the library that wrote the file.
     */
    private static final KnownKeys COMMON = new KnownKeys()
            .used("architectures", "model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers")
            .used("num_attention_heads", "num_key_value_heads", "head_dim", "max_position_embeddings", "rms_norm_eps")
            .used("rope_theta", "rope_scaling", "rope_parameters", "partial_rotary_factor")
            .used("original_max_position_embeddings", "hidden_act", "tie_word_embeddings")
            .used("bos_token_id", "eos_token_id", "pad_token_id", "id2label", "label2id", "num_labels")
            .harmless("_*", "name_or_path", "transformers_version", "torch_dtype", "dtype", "auto_map")
            .harmless("initializer_range", "use_cache", "pretraining_tp", "return_dict", "use_return_dict")
            .harmless("output_attentions", "output_hidden_states", "output_scores", "torchscript", "is_decoder")
            .harmless("problem_type", "finetuning_task", "task_specific_params", "prefix", "tokenizer_class")
            .harmless("unk_token_id", "sep_token_id", "cls_token_id", "mask_token_id", "decoder_start_token_id")
            .harmless("attn_implementation")
            .harmless("transformers.js_config", "max_sequence_length")
            .harmless(
                    "model_max_length",
                    "chunk_size_feed_forward",
                    "gradient_checkpointing",
                    "keys_to_ignore_at_inference")
            .harmless("is_llama_config", "mup_denominator", "neftune_noise_alpha")
            .harmless("unsloth_version", "unsloth_fixed", "unsloth_training_cache", "license", "license_name")
            .harmless("temperature", "top_k", "top_p", "min_p", "typical_p", "do_sample", "max_length", "min_length")
            .harmless("max_new_tokens", "num_beams", "num_beam_groups", "num_return_sequences", "length_penalty")
            .harmless("repetition_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "early_stopping")
            .harmless("diversity_penalty", "bad_words_ids", "forced_bos_token_id", "forced_eos_token_id")
            .harmless("suppress_tokens", "begin_suppress_tokens", "exponential_decay_length_penalty")
            .harmless("remove_invalid_values", "return_dict_in_generate", "renormalize_logits", "epsilon_cutoff")
            .harmless("eta_cutoff", "penalty_alpha", "max_time", "guidance_scale", "cache_implementation")
            .harmless("pooler_config", "base_model_tp_plan", "base_model_pp_plan", "model_name", "num_parameters")
            .warned("attention_dropout", NO_DROPOUT, 0)
            .refused("tie_encoder_decoder", "there is no encoder")
            .refused("is_encoder_decoder", "there is no encoder")
            .refused("add_cross_attention", "there is no encoder")
            .refused("cross_attention_hidden_size", "there is no encoder")
            .refused("pruned_heads", "heads may not be removed")
            .refused("rope_interleaved", "pairs of a head's channels lie half a head apart here")
            .refused("use_mrope", "positions have one number here")
            .refused("num_experts", "mixtures of experts are not read", 0)
            .refused("num_local_experts", "mixtures of experts are not read", 0)
            .used("quantization_config", TYPES);

    private static final KnownKeys WINDOWS = new KnownKeys().used(WINDOW);
    private static final KnownKeys BIASES = new KnownKeys().used("attention_bias", "mlp_bias");
    private static final KnownKeys ATTENTION_BIAS = new KnownKeys().used("attention_bias");
    private static final KnownKeys ONE_WAY =
            new KnownKeys().refused("use_bidirectional_attention", "tokens see only those before them");

    static final KnownKeys LLAMA = COMMON.and(BIASES);
    static final KnownKeys MISTRAL = COMMON.and(WINDOWS).and(noBiases());
    static final KnownKeys QWEN = COMMON.and(WINDOWS)
            .and(ATTENTION_BIAS)
            .and(new KnownKeys().used("use_sliding_window", "max_window_layers"));
    static final KnownKeys GEMMA =
            COMMON.and(ATTENTION_BIAS).and(ONE_WAY).and(new KnownKeys().used("hidden_activation"));
    static final KnownKeys GEMMA2 = GEMMA.and(WINDOWS)
            .and(new KnownKeys()
                    .used("query_pre_attn_scalar", "attn_logit_softcapping", "final_logit_softcapping")
                    .harmless("cache_implementation"));
    static final KnownKeys GEMMA3 = GEMMA2.and(new KnownKeys()
            .used("rope_local_base_freq", "sliding_window_pattern")
            .refused("attn_logit_softcapping", "transformers' class has the key and does not apply it"));
    static final KnownKeys PHI3 = MISTRAL.and(new KnownKeys()
            .warned("embd_pdrop", NO_DROPOUT, 0)
            .warned("resid_pdrop", NO_DROPOUT, 0)
            .refused("lm_head_bias", "the head has no bias")
            .refused("full_attn_mod", "all layers attend alike", 1)
            .refused("interpolate_factor", "positions are not interpolated", 1));
    static final KnownKeys OLMO2 = COMMON.and(ATTENTION_BIAS);
    static final KnownKeys OLMO3 = OLMO2.and(WINDOWS);
    static final KnownKeys GRANITE = LLAMA.and(new KnownKeys()
            .used("embedding_multiplier", "residual_multiplier", "attention_multiplier", "logits_scaling"));
    static final KnownKeys MINICPM = LLAMA.and(new KnownKeys().used("scale_emb", "scale_depth", "dim_model_base"));
    static final KnownKeys BAICHUAN = COMMON.and(noBiases()).and(new KnownKeys().harmless("z_loss_weight"));
    static final KnownKeys INTERNLM2 = COMMON.and(new KnownKeys().used("bias"));

    private FamilyKeys() {}

    private static KnownKeys noBiases() {
        return new KnownKeys()
                .refused("attention_bias", "the family has no biases")
                .refused("mlp_bias", "the family has no biases");
    }

    /** What holds for every family. */
    static void check(ConfigKeys c, ModelFamily family) {
        if (c.node().path("quantization_config").isObject()) {
            throw new ModelException(c.source() + ": quantization_config with quant_method = "
                    + c.node().path("quantization_config").path("quant_method").asText("?")
                    + ": quantised Hugging Face folders are not read; expected the model as it was before (adapter.mode"
                    + " = qlora quantises it here), or a GGUF file");
        }
        if (family == ModelFamily.BAICHUAN && !c.has("max_position_embeddings")) {
            throw new ModelException(c.source() + ": a Baichuan without max_position_embeddings has ALiBi in place of"
                    + " rotary positions (Baichuan-13B, Baichuan2-13B), which is not supported; expected a 7B");
        }
        boolean windows = family.keys().knows(WINDOW);
        if (!windows && c.has(TYPES) && c.texts(TYPES).stream().anyMatch(type -> !type.equals(RopeKeys.FULL))) {
            throw new ModelException(c.source() + ": layer_types = " + c.node().get(TYPES)
                    + ": only full_attention is known in a " + family.modelType());
        }
    }

    static DecoderTraits llama(ConfigKeys c) {
        boolean attention = c.flag("attention_bias", false);
        return traits(c, new Biases(attention, attention, c.flag("mlp_bias", false)), QkNorm.NONE, Scales.NONE);
    }

    private static DecoderTraits traits(ConfigKeys c, Biases biases, QkNorm qkNorm, Scales scales) {
        return new DecoderTraits(biases, qkNorm, false, activation(c, "hidden_act"), false, scales, Windows.NONE);
    }

    private static Activation activation(ConfigKeys c, String key) {
        String name = c.text(key, Activation.SILU.key());
        Activation known = Activation.of(name);
        if (known == null) {
            throw new ModelException(c.source() + ": " + key + " = \"" + name
                    + "\" is not known; expected silu, gelu or gelu_pytorch_tanh");
        }
        return known;
    }

    private static DecoderTraits with(DecoderTraits t, Windows windows) {
        return new DecoderTraits(
                t.biases(), t.qkNorm(), t.normsAddOne(), t.activation(), t.normalisedHead(), t.scales(), windows);
    }

    /** Mistral and Phi-3: all layers have one window, or none has. */
    static DecoderTraits mistral(ConfigKeys c) {
        boolean phi = c.text("model_type", "").equals("phi3");
        int size = c.node().has(WINDOW) || phi ? c.integer(WINDOW, 0) : 4096;
        DecoderTraits plain = traits(c, new Biases(false, false, false), QkNorm.NONE, Scales.NONE);
        return with(plain, c.has(TYPES) ? windows(c, size, layer -> true) : new Windows(size, List.of(), null));
    }

    static DecoderTraits qwen2(ConfigKeys c) {
        return with(traits(c, new Biases(true, false, false), QkNorm.NONE, Scales.NONE), qwenWindows(c));
    }

    static DecoderTraits qwen3(ConfigKeys c) {
        boolean bias = c.flag("attention_bias", false);
        return with(traits(c, new Biases(bias, bias, false), QkNorm.HEAD, Scales.NONE), qwenWindows(c));
    }

    private static Windows qwenWindows(ConfigKeys c) {
        int size = c.flag("use_sliding_window", false) ? c.integer(WINDOW, 4096) : 0;
        int first = c.integer("max_window_layers", 28);
        return windows(c, size, layer -> layer >= first);
    }

    /** The layers that {@code layer_types} calls windowed, or without it those of a rule. */
    private static Windows windows(ConfigKeys c, int size, IntPredicate rule) {
        int layers = c.integer("num_hidden_layers");
        List<Boolean> windowed = new ArrayList<>();
        if (c.has(TYPES)) {
            for (String type : c.texts(TYPES)) {
                if (!type.equals(RopeKeys.FULL) && !type.equals(RopeKeys.SLIDING)) {
                    throw new ModelException(c.source() + ": layer_types holds " + type + "; expected " + RopeKeys.FULL
                            + " or " + RopeKeys.SLIDING);
                }
                windowed.add(type.equals(RopeKeys.SLIDING));
            }
            if (windowed.size() != layers) {
                throw new ModelException(c.source() + ": layer_types has " + windowed.size() + " entries; expected one"
                        + " for each of the " + layers + " layers");
            }
        } else {
            for (int i = 0; size > 0 && i < layers; i++) {
                windowed.add(rule.test(i));
            }
        }
        if (size == 0 && windowed.contains(true)) {
            throw new ModelException(c.source() + ": layer_types holds " + RopeKeys.SLIDING
                    + " and there is no sliding_window; expected its size");
        }
        return size == 0 ? Windows.NONE : new Windows(size, windowed, null);
    }

    static DecoderTraits gemma(ConfigKeys c) {
        boolean bias = c.flag("attention_bias", false);
        // "gelu" is what the first release wrote for the approximation by tanh.
        boolean tanh = c.text("hidden_act", "gelu").equals("gelu");
        Activation activation = tanh ? Activation.GELU_TANH : activation(c, "hidden_act");
        return gemma(c, new Biases(bias, bias, false), QkNorm.NONE, activation, 0, 0, 0, Windows.NONE);
    }

    private static DecoderTraits gemma(
            ConfigKeys c,
            Biases biases,
            QkNorm norm,
            Activation activation,
            double queries,
            double attentionCap,
            double logitCap,
            Windows windows) {
        double attention = queries == 0 ? 0 : 1 / Math.sqrt(queries);
        double embedding = (float) Math.sqrt(c.integer("hidden_size"));
        Scales scales = new Scales(attention, embedding, 1, 1, attentionCap, logitCap);
        return new DecoderTraits(biases, norm, true, activation, false, scales, windows);
    }

    static DecoderTraits gemma2(ConfigKeys c) {
        return gemma2(c, QkNorm.NONE, cap(c, "attn_logit_softcapping", 50), cap(c, "final_logit_softcapping", 30), 2);
    }

    private static DecoderTraits gemma2(ConfigKeys c, QkNorm norm, double attention, double logits, int every) {
        boolean bias = c.flag("attention_bias", false);
        Activation activation = c.has("hidden_activation") ? activation(c, "hidden_activation") : Activation.GELU_TANH;
        int size = c.node().has(WINDOW) ? c.integer(WINDOW, 0) : 4096;
        Windows windows = windows(c, size, layer -> (layer + 1) % every != 0);
        double queries = c.number("query_pre_attn_scalar", 256);
        return gemma(c, new Biases(bias, bias, false), norm, activation, queries, attention, logits, windows);
    }

    /** A cap; null switches it off, a key that is missing has the family's. */
    private static double cap(ConfigKeys c, String key, double otherwise) {
        return c.node().has(key) ? c.number(key, 0) : otherwise;
    }

    static DecoderTraits gemma3(ConfigKeys c) {
        int every = c.integer("sliding_window_pattern", 6);
        if (every < 1) {
            throw c.wrong("sliding_window_pattern", "at least 1");
        }
        return gemma2(c, QkNorm.HEAD, 0, cap(c, "final_logit_softcapping", 0), every);
    }

    static DecoderTraits olmo2(ConfigKeys c) {
        boolean bias = c.flag("attention_bias", false);
        return traits(c, new Biases(bias, bias, false), QkNorm.ALL_HEADS, Scales.NONE);
    }

    static DecoderTraits olmo3(ConfigKeys c) {
        int size = c.node().has(WINDOW) ? c.integer(WINDOW, 0) : 4096;
        return with(olmo2(c), windows(c, size, layer -> (layer + 1) % 4 != 0));
    }

    static DecoderTraits granite(ConfigKeys c) {
        if (c.number("attention_multiplier", 1) == 0) {
            throw c.wrong("attention_multiplier", "a number other than 0");
        }
        Scales scales = new Scales(
                c.number("attention_multiplier", 1),
                c.number("embedding_multiplier", 1),
                c.number("residual_multiplier", 1),
                1 / c.number("logits_scaling", 1),
                0,
                0);
        boolean attention = c.flag("attention_bias", false);
        return traits(c, new Biases(attention, attention, c.flag("mlp_bias", false)), QkNorm.NONE, scales);
    }

    static DecoderTraits minicpm(ConfigKeys c) {
        double base = c.number("dim_model_base", c.integer("hidden_size"));
        Scales scales = new Scales(
                0,
                c.number("scale_emb", 1),
                c.number("scale_depth", 1) / Math.sqrt(c.integer("num_hidden_layers")),
                base / c.integer("hidden_size"),
                0,
                0);
        boolean attention = c.flag("attention_bias", false);
        return traits(c, new Biases(attention, attention, c.flag("mlp_bias", false)), QkNorm.NONE, scales);
    }

    static DecoderTraits baichuan(ConfigKeys c) {
        String architecture = c.node().path("architectures").path(0).asText("BaichuanForCausalLM");
        boolean score = architecture.endsWith("ForSequenceClassification");
        return new DecoderTraits(
                new Biases(false, false, false),
                QkNorm.NONE,
                false,
                activation(c, "hidden_act"),
                !score && !architecture.equals(FIRST_BAICHUAN),
                Scales.NONE,
                Windows.NONE);
    }

    static DecoderTraits internlm2(ConfigKeys c) {
        boolean bias = c.flag("bias", true);
        return traits(c, new Biases(bias, bias, false), QkNorm.NONE, Scales.NONE);
    }

    static void writeBiases(ModelConfig config, ObjectNode out) {
        out.put("hidden_act", config.traits().activation().key());
        out.put("attention_bias", config.traits().biases().output());
        if (config.traits().biases().mlp()) {
            out.put("mlp_bias", true);
        }
    }

    static void writeWindow(ModelConfig config, ObjectNode out) {
        out.put("hidden_act", config.traits().activation().key());
        putWindow(config, out);
        Windows windows = config.traits().windows();
        if (windows.size() > 0 && !windows.uniform()) {
            putTypes(config, out);
        }
    }

    private static void putWindow(ModelConfig config, ObjectNode out) {
        int size = config.traits().windows().size();
        if (size > 0) {
            out.put(WINDOW, size);
        } else {
            out.putNull(WINDOW);
        }
    }

    private static void putTypes(ModelConfig config, ObjectNode out) {
        ArrayNode types = out.putArray(TYPES);
        for (int i = 0; i < config.layers(); i++) {
            types.add(config.traits().windows().at(i) ? RopeKeys.SLIDING : RopeKeys.FULL);
        }
    }

    static void writeQwen(ModelConfig config, ObjectNode out) {
        writeBiases(config, out);
        if (config.traits().windows().size() > 0) {
            out.put("use_sliding_window", true);
            putWindow(config, out);
            putTypes(config, out);
        }
    }

    static void writeGemma(ModelConfig config, ObjectNode out) {
        out.put("hidden_act", config.traits().activation().key());
        out.put("attention_bias", config.traits().biases().output());
    }

    static void writeGemma2(ModelConfig config, ObjectNode out) {
        Scales scales = config.traits().scales();
        out.put("hidden_activation", config.traits().activation().key());
        out.put("attention_bias", config.traits().biases().output());
        double queries = 1 / (scales.attention() * scales.attention());
        putWhole(out, "query_pre_attn_scalar", queries);
        putCap(out, "attn_logit_softcapping", scales.attentionCap());
        putCap(out, "final_logit_softcapping", scales.logitCap());
        Windows windows = config.traits().windows();
        out.put(WINDOW, windows.size() > 0 ? windows.size() : config.maxPositions());
        putTypes(config, out);
    }

    /** A number that is an integer in most files, and comes out of a computation here. */
    private static void putWhole(ObjectNode out, String key, double value) {
        long whole = Math.round(value);
        if (Math.abs(value - whole) < 1e-9 * whole) {
            out.put(key, whole);
        } else {
            out.put(key, value);
        }
    }

    private static void putCap(ObjectNode out, String key, double cap) {
        if (cap > 0) {
            out.put(key, cap);
        } else {
            out.putNull(key);
        }
    }

    static void writeGemma3(ModelConfig config, ObjectNode out) {
        writeGemma2(config, out);
        Rope local = config.traits().windows().rope();
        if (!config.ropesByLayer()) {
            out.put("rope_local_base_freq", (local == null ? config.rope() : local).theta());
        }
    }

    static void writePhi3(ModelConfig config, ObjectNode out) {
        writeWindow(config, out);
        if (config.rope().scaling() instanceof Rope.LongRope rope) {
            out.put("original_max_position_embeddings", rope.originalPositions());
        }
    }

    static void writeOlmo3(ModelConfig config, ObjectNode out) {
        writeBiases(config, out);
        Windows windows = config.traits().windows();
        out.put(WINDOW, windows.size() > 0 ? windows.size() : config.maxPositions());
        putTypes(config, out);
    }

    static void writeGranite(ModelConfig config, ObjectNode out) {
        Scales scales = config.traits().scales();
        writeBiases(config, out);
        out.put("attention_multiplier", scales.attention());
        out.put("embedding_multiplier", scales.embedding());
        out.put("residual_multiplier", scales.residual());
        out.put("logits_scaling", 1 / scales.logits());
    }

    static void writeMiniCpm(ModelConfig config, ObjectNode out) {
        Scales scales = config.traits().scales();
        writeBiases(config, out);
        putWhole(out, "scale_emb", scales.embedding());
        out.put("scale_depth", scales.residual() * Math.sqrt(config.layers()));
        putWhole(out, "dim_model_base", scales.logits() * config.hidden());
    }

    static void writeBaichuan(ModelConfig config, ObjectNode out) {
        out.put("hidden_act", config.traits().activation().key());
    }

    static void writeInternLm2(ModelConfig config, ObjectNode out) {
        out.put("hidden_act", config.traits().activation().key());
        out.put("bias", config.traits().biases().output());
    }
}
