package dev.troupe.model.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * How a text is cut before byte-pair encoding: GGUF has a name for it ({@code tokenizer.ggml.pre}), tokenizer.json
 * spells it out. A new one is a row here.
 */
final class PreTokenizers {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String LLAMA3 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String QWEN2 = LLAMA3.replace("\\p{N}{1,3}", "\\p{N}");

    /** Letters with upper and lower case, as DeepSeek lists them. */
    private static final String WORDS =
            "\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293"
                    + "\u0295-\u02af\u0370-\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c"
                    + "\u038e-\u03a1\u03a3-\u03f5\u03f7-\u0481\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0"
                    + "-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-"
                    + "\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-\u1f57\u1f59\u1f5b"
                    + "\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc\u1fd0-"
                    + "\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113"
                    + "\u2115\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f"
                    + "\u2145-\u2149\u214e\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3"
                    + "\ua640-\ua66d\ua680-\ua69b\ua722-\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00"
                    + "-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a\ud801\udc00-\ud801\udc4f\ud801\udcb0-"
                    + "\ud801\udcd3\ud801\udcd8-\ud801\udcfb\ud803\udc80-\ud803\udcb2\ud803\udcc0-\ud803"
                    + "\udcf2\ud806\udca0-\ud806\udcdf\ud83a\udd00-\ud83a\udd43]+";

    /** Chinese, Japanese and Korean characters. */
    private static final String IDEOGRAPHS = "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+";

    /**
     * @param names GGUF's names, the first the one written
     * @param patterns what is split off, one after another; none for the pattern of GPT-2 that ByteLevel brings
     * @param digits whether each digit stands alone
     * @param ignoreMerges whether a piece that is a token is taken whole
     */
    private record Row(
            List<String> names, List<String> patterns, boolean digits, boolean composed, boolean ignoreMerges) {}

    private static final List<Row> ROWS = List.of(
            new Row(List.of("gpt-2", "default", "phi-2", "mpt", "olmo"), List.of(), false, false, false),
            new Row(
                    List.of("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b"),
                    List.of(),
                    true,
                    false,
                    false),
            new Row(
                    List.of("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "lfm2"),
                    List.of(LLAMA3),
                    false,
                    false,
                    true),
            new Row(List.of("dbrx", "smaug-bpe"), List.of(LLAMA3), false, false, false),
            new Row(List.of("qwen2", "deepseek-r1-qwen"), List.of(QWEN2), false, true, false),
            new Row(
                    List.of("deepseek-llm"),
                    List.of(
                            "[\r\n]",
                            WORDS,
                            "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+",
                            "\\s+$",
                            IDEOGRAPHS),
                    true,
                    false,
                    false),
            new Row(
                    List.of("deepseek-coder"),
                    List.of("[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", IDEOGRAPHS),
                    true,
                    false,
                    false));

    private PreTokenizers() {}

    /** The names that GGUF files may use. */
    static Set<String> names() {
        Set<String> names = new TreeSet<>();
        ROWS.forEach(row -> names.addAll(row.names));
        return names;
    }

    /** Sets pre_tokenizer, normalizer and ignore_merges of a tokenizer.json; false when the name is not known. */
    static boolean describe(String name, ObjectNode tokenizer) {
        for (Row row : ROWS) {
            if (row.names.contains(name)) {
                tokenizer.set(
                        "normalizer", row.composed ? JSON.createObjectNode().put("type", "NFC") : null);
                tokenizer.set("pre_tokenizer", cut(row));
                ((ObjectNode) tokenizer.get("model")).put("ignore_merges", row.ignoreMerges);
                return true;
            }
        }
        return false;
    }

    private static JsonNode cut(Row row) {
        ObjectNode bytes = JSON.createObjectNode()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", row.patterns.isEmpty());
        if (row.patterns.isEmpty() && !row.digits) {
            return bytes;
        }
        ObjectNode all = JSON.createObjectNode().put("type", "Sequence");
        ArrayNode steps = all.putArray("pretokenizers");
        for (String pattern : row.patterns) {
            ObjectNode step = steps.addObject().put("type", "Split");
            step.putObject("pattern").put("Regex", pattern);
            step.put("behavior", "Isolated").put("invert", false);
        }
        if (row.digits) {
            steps.addObject().put("type", "Digits").put("individual_digits", true);
        }
        steps.add(bytes);
        return all;
    }

    /** GGUF's name for pre_tokenizer, normalizer and ignore_merges of a tokenizer.json, or null when none is known. */
    static @Nullable String nameOf(JsonNode tokenizer) {
        for (Row row : ROWS) {
            boolean composed =
                    tokenizer.path("normalizer").path("type").asText().equals("NFC");
            boolean whole = tokenizer.path("model").path("ignore_merges").asBoolean(false);
            if (composed == row.composed
                    && whole == row.ignoreMerges
                    && sameCut(cut(row), tokenizer.path("pre_tokenizer"))) {
                return row.names.get(0);
            }
        }
        return null;
    }

    /** The same but for what changes offsets only. */
    private static boolean sameCut(JsonNode ours, JsonNode theirs) {
        JsonNode parts = ours.path("pretokenizers");
        if (parts.size() != theirs.path("pretokenizers").size()) {
            return false;
        }
        for (int i = 0; i < parts.size(); i++) {
            if (!sameCut(parts.get(i), theirs.get("pretokenizers").get(i))) {
                return false;
            }
        }
        return List.of("type", "individual_digits", "pattern", "behavior").stream()
                        .allMatch(key -> ours.path(key).equals(theirs.path(key)))
                && ours.path("use_regex").asBoolean(true)
                        == theirs.path("use_regex").asBoolean(true)
                && !theirs.path("add_prefix_space").asBoolean(false);
    }
}
