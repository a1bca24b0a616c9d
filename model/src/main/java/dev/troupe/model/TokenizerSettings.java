package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What tokenizer_config.json may say: keys that are used elsewhere, keys that change nothing here, and keys that would
 * change ids or texts, which are refused. A key that is not known is named in the log: unlike a model's, it rarely
 * matters.
 */
final class TokenizerSettings {
    private static final Logger LOG = LoggerFactory.getLogger(TokenizerSettings.class);
    /** Several actors open the tokenizer of one model: each line is logged once. */
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

    private static final Set<String> USED = Set.of(
            "added_tokens_decoder",
            "additional_special_tokens",
            "extra_special_tokens",
            "model_specific_special_tokens",
            "chat_template",
            "add_bos_token",
            "add_eos_token",
            "legacy",
            "add_prefix_space",
            "add_dummy_prefix",
            "sp_model_kwargs",
            "tokenizer_class",
            "clean_up_tokenization_spaces",
            "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output");

    /** Padding, truncation, names and paths; and what tokenizer.json says itself (its normalizer counts). */
    private static final Set<String> HARMLESS = Set.of(
            "model_max_length",
            "max_length",
            "max_len",
            "padding_side",
            "padding",
            "padding_strategy",
            "truncation",
            "truncation_side",
            "truncation_strategy",
            "stride",
            "pad_to_multiple_of",
            "pad_token_type_id",
            "pad_token_id",
            "bos_token_id",
            "eos_token_id",
            "unk_token_id",
            "name_or_path",
            "tokenizer_file",
            "vocab_file",
            "merges_file",
            "special_tokens_map_file",
            "tokenizer_type",
            "use_default_system_prompt",
            "use_fast",
            "from_slow",
            "auto_map",
            "processor_class",
            "image_processor_type",
            "feature_extractor_type",
            "backend",
            "is_local",
            "is_fast",
            "local_files_only",
            "trust_remote_code",
            "errors",
            "model_input_names",
            "return_token_type_ids",
            "spaces_between_special_tokens",
            "init_inputs",
            "init_kwargs",
            "config_tokenizer_class",
            "do_lower_case",
            "do_basic_tokenize",
            "strip_accents",
            "tokenize_chinese_chars",
            "never_split",
            "trim_offsets",
            "keep_accents",
            "remove_space",
            "device_map",
            "transformers_version",
            "response_schema",
            "response_template",
            "chat_control_tokens",
            "vocab_size",
            "verbose",
            "_commit_hash",
            "__type",
            "unk_id",
            "bos_id",
            "eos_id");

    /** Keys that give other ids or texts when they have another value than the one here. */
    private static final Map<String, String> REFUSED = Map.of(
            "split_special_tokens", "false",
            "fix_mistral_regex", "false",
            "apply_dropout", "false",
            "dropout", "0");

    private TokenizerSettings() {}

    /**
     * @param root tokenizer.json
     * @param written whether the folder has it, rather than a form of it made here
     */
    static void check(JsonNode settings, JsonNode root, boolean written, Path folder) {
        Path file = folder.resolve(TokenizerFiles.SETTINGS);
        for (Map.Entry<String, JsonNode> e : settings.properties()) {
            String key = e.getKey();
            String only = REFUSED.get(key);
            if (only != null && isSet(e.getValue())) {
                throw new ModelException(file + ": " + key + " = " + e.getValue() + " is not supported: it gives other"
                        + " token ids; expected " + only);
            }
            if (only == null && !USED.contains(key) && !HARMLESS.contains(key) && !isRole(key) && isSet(e.getValue())) {
                say(file + ": the key " + key + " is not known and not used");
            }
        }
        files(settings.path("fast_tokenizer_files"), file);
        if (written) {
            contradictions(settings, root, file);
        }
    }

    /** As in transformers 5, tokenizer.json counts, whatever these keys say; a contradiction is named. */
    private static void contradictions(JsonNode settings, JsonNode root, Path file) {
        String processor = root.path("post_processor").toString();
        for (String role : List.of("bos", "eos")) {
            JsonNode asked = settings.path("add_" + role + "_token");
            JsonNode token = settings.path(role + "_token");
            String text =
                    token.isTextual() ? token.asText() : token.path("content").asText("");
            boolean adds = !text.isEmpty()
                    && processor.contains(
                            JsonNodeFactory.instance.textNode(text).toString());
            if (asked.isBoolean() && asked.asBoolean() != adds && !text.isEmpty()) {
                say(file + ": add_" + role + "_token = " + asked + " is not used: the post_processor of tokenizer.json "
                        + (adds ? "adds " : "does not add ") + text);
            }
        }
        JsonNode prefix = settings.path("add_prefix_space");
        String before = root.path("normalizer").toString() + root.path("pre_tokenizer");
        boolean puts = before.contains("\"Prepend\"")
                || before.contains("\"add_prefix_space\":true")
                || before.contains("\"Metaspace\"") && !before.contains("\"prepend_scheme\":\"never\"");
        if (prefix.isBoolean() && prefix.asBoolean() != puts) {
            say(file + ": add_prefix_space = " + prefix + " is not used: tokenizer.json "
                    + (puts ? "puts a space in front of a text" : "puts no space in front of a text"));
        }
    }

    private static boolean isRole(String key) {
        return key.endsWith("_token") || key.equals("fast_tokenizer_files");
    }

    private static boolean isSet(JsonNode value) {
        return !value.isNull()
                && !value.asText().equals("false")
                && !value.asText().equals("0");
    }

    /** One tokenizer.json for each version of transformers: which one counts is not known here. */
    private static void files(JsonNode files, Path file) {
        for (JsonNode name : files) {
            if (!name.asText().equals(TokenizerFiles.TOKENIZER)) {
                throw new ModelException(file + ": fast_tokenizer_files names " + name
                        + ": only tokenizer.json is read; expected a folder without the others");
            }
        }
    }

    /** Whether decoded texts lose the spaces before punctuation, as in transformers: not those of byte pairs. */
    static boolean cleans(JsonNode settings, JsonNode root) {
        String forced = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output";
        boolean bpe = root.path("model").path("type").asText("BPE").equals("BPE");
        return settings.path("clean_up_tokenization_spaces").asBoolean(false)
                && (!bpe || settings.path(forced).asBoolean(false));
    }

    /** Logs a line once. */
    static void say(String line) {
        if (SAID.add(line)) {
            LOG.warn("{}", line);
        }
    }
}
