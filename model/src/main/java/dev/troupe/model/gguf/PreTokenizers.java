package dev.troupe.model.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
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

    /**
     * @param names GGUF's names, the first the one written
     * @param pattern what is split off, or null for the pattern of GPT-2 that ByteLevel brings
     * @param digits whether each digit stands alone
     * @param ignoreMerges whether a piece that is a token is taken whole
     */
    private record Row(
            List<String> names, @Nullable String pattern, boolean digits, boolean composed, boolean ignoreMerges) {}

    private static final List<Row> ROWS = List.of(
            new Row(List.of("gpt-2", "default"), null, false, false, false),
            new Row(List.of("smollm", "starcoder", "refact", "command-r"), null, true, false, false),
            new Row(List.of("llama-bpe", "llama3", "llama-v3"), LLAMA3, false, false, true),
            new Row(List.of("qwen2", "deepseek-r1-qwen"), QWEN2, false, true, false));

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
                .put("use_regex", row.pattern == null);
        ObjectNode before = JSON.createObjectNode();
        if (row.digits) {
            before.put("type", "Digits").put("individual_digits", true);
        } else if (row.pattern != null) {
            before.put("type", "Split");
            before.putObject("pattern").put("Regex", row.pattern);
            before.put("behavior", "Isolated").put("invert", false);
        } else {
            return bytes;
        }
        ObjectNode both = JSON.createObjectNode().put("type", "Sequence");
        both.putArray("pretokenizers").add(before).add(bytes);
        return both;
    }

    /** GGUF's name for the pre_tokenizer and normalizer of a tokenizer.json, or null when it has none that is known. */
    static @Nullable String nameOf(JsonNode tokenizer) {
        for (Row row : ROWS) {
            boolean composed =
                    tokenizer.path("normalizer").path("type").asText().equals("NFC");
            if (composed == row.composed && sameCut(cut(row), tokenizer.path("pre_tokenizer"))) {
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
