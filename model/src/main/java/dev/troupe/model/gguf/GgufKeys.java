package dev.troupe.model.gguf;

import dev.troupe.model.KnownKeys;
import java.util.Set;

/**
 * The keys of GGUF metadata: which are read, which change nothing in what the model computes, and which may only have
 * values that change nothing. All others stop the load.
 */
final class GgufKeys {
    /** In every file. */
    private static final KnownKeys COMMON =
            new KnownKeys().and(general()).and(tokenizer()).and(otherFiles());

    private GgufKeys() {}

    /** Refuses keys that are not known and values that are not supported. */
    static void check(GgufMetadata data, GgufArchitecture architecture) {
        COMMON.and(GgufDecoderKeys.of(architecture)).check(data.plain(), "GGUF file " + data.source(), Set.of());
    }

    private static KnownKeys general() {
        KnownKeys keys = new KnownKeys()
                .used("general.architecture", "general.alignment")
                .harmless("general.file_type", "general.sampling.*")
                .harmless("general.name", "general.author", "general.version", "general.organization")
                .harmless("general.finetune", "general.basename", "general.description", "general.quantized_by")
                .harmless(
                        "general.size_label",
                        "general.parameter_count",
                        "general.license",
                        "general.license.*",
                        "general.url",
                        "general.doi")
                .harmless("general.uuid", "general.repo_url", "general.source.*", "general.tags", "general.languages")
                .harmless("general.base_model.*", "general.dataset.*", "general.datasets")
                .harmless("quantize.imatrix.*", "mradermacher.*");
        return keys.refused("general.type", "expected a model", "model")
                .refused("general.quantization_version", "blocks of another version are laid out otherwise", 2)
                .refused("general.tensor_extra.*", "tensors have no properties of their own here");
    }

    private static KnownKeys tokenizer() {
        KnownKeys keys = new KnownKeys()
                .used("tokenizer.ggml.model", "tokenizer.ggml.pre", "tokenizer.ggml.tokens", "tokenizer.ggml.merges")
                .used(
                        "tokenizer.ggml.token_type",
                        "tokenizer.ggml.scores",
                        "tokenizer.chat_template",
                        "tokenizer.chat_template.*")
                .harmless("tokenizer.chat_templates")
                .used("tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id")
                .used("tokenizer.ggml.eom_token_id", "tokenizer.ggml.unknown_token_id")
                .used("tokenizer.ggml.padding_token_id")
                .used("tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_space_prefix")
                .harmless("tokenizer.ggml.seperator_token_id", "tokenizer.ggml.cls_token_id")
                .harmless("tokenizer.ggml.mask_token_id", "tokenizer.huggingface.json")
                .harmless("tokenizer.ggml.prefix_token_id", "tokenizer.ggml.suffix_token_id")
                .harmless("tokenizer.ggml.middle_token_id", "tokenizer.ggml.fim_pre_token_id")
                .harmless("tokenizer.ggml.fim_suf_token_id", "tokenizer.ggml.fim_mid_token_id")
                .harmless("tokenizer.ggml.fim_pad_token_id", "tokenizer.ggml.fim_rep_token_id")
                .harmless("tokenizer.ggml.fim_sep_token_id");
        return keys.refused("tokenizer.ggml.add_eos_token", "a prompt would end with the end token")
                .refused("tokenizer.ggml.add_sep_token", "a text would end with a separator")
                .refused("tokenizer.ggml.remove_extra_whitespaces", "spaces are kept as they are")
                .refused("tokenizer.ggml.precompiled_charsmap", "characters are not replaced")
                .refused("tokenizer.ggml.normalizer.*", "texts are not rewritten")
                .refused("tokenizer.ggml.suppress_tokens", "every token may be generated")
                .refused("tokenizer.ggml.token_type_count", "tokens have one kind of segment", 0, 1)
                .refused("tokenizer.rwkv.world", "expected byte pairs or SentencePiece");
    }

    /** Keys of files that are no language model, or a part of one. */
    private static KnownKeys otherFiles() {
        String part = "the file is one part of a split model; expected one file, as llama-gguf-split --merge makes it";
        return new KnownKeys()
                .harmless("split.tensors.count")
                .refused("split.count", part, 0, 1)
                .refused("split.no", part, 0)
                .refused("adapter.*", "the file is an adapter; expected a model")
                .refused("imatrix.*", "the file is an importance matrix; expected a model")
                .refused("clip.*", "image and audio encoders are not read")
                .refused("diffusion.*", "texts are generated from left to right only")
                .refused("xielu.*", "the activation is not known");
    }
}
