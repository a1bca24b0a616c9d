package dev.troupe.model.gguf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.ModelException;
import dev.troupe.model.TokenizerFiles;
import dev.troupe.model.pieces.SentencePieceMerges;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The tokenizer in a GGUF file's metadata as the text of a tokenizer.json: byte pairs ({@code gpt2}),
 * or SentencePiece's ({@code llama}), whose merges are drawn from the pieces' scores as transformers does.
 */
final class GgufTokenizer {
    static final String MODEL = "tokenizer.ggml.model";
    static final String PRE = "tokenizer.ggml.pre";
    static final String TOKENS = "tokenizer.ggml.tokens";
    static final String TYPES = "tokenizer.ggml.token_type";
    static final String MERGES = "tokenizer.ggml.merges";
    static final String SCORES = "tokenizer.ggml.scores";
    static final String ADD_BOS = "tokenizer.ggml.add_bos_token";
    static final String ADD_SPACE = "tokenizer.ggml.add_space_prefix";
    /** The chat template; with a point and a name behind it one of several. */
    static final String TEMPLATE = "tokenizer.chat_template";

    /** Names of those that have one, which no one needs. */
    static final String TEMPLATES = "tokenizer.chat_templates";

    /** What the template without a name is called elsewhere. */
    static final String DEFAULT_TEMPLATE = "default";

    /** Kinds of tokens. */
    static final int NORMAL = 1;

    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int BYTE = 6;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final GgufMetadata data;
    private final List<String> tokens;
    private final ObjectNode root = JSON.createObjectNode();

    private GgufTokenizer(GgufMetadata data) {
        this.data = data;
        this.tokens = data.list(TOKENS, GgufArray::strings);
    }

    static TokenizerFiles read(GgufMetadata data) {
        if (!data.has(MODEL)) {
            throw data.wrong(MODEL, "is missing: the file holds no tokenizer");
        }
        return new GgufTokenizer(data).files();
    }

    private TokenizerFiles files() {
        String model = data.text(MODEL);
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        added(root.putArray("added_tokens"));
        root.putNull("normalizer").putNull("pre_tokenizer");
        beginning(model);
        root.putNull("decoder");
        ObjectNode bpe = root.putObject("model").put("type", "BPE");
        switch (model) {
            case "gpt2" -> byteLevel(bpe);
            case "llama" -> sentencePieces(bpe);
            default -> throw data.wrong(MODEL, "= " + model + " is not supported; known are gpt2 and llama");
        }
        ObjectNode vocabulary = bpe.putObject("vocab");
        for (int i = 0; i < tokens.size(); i++) {
            if (vocabulary.has(tokens.get(i))) {
                throw data.wrong(TOKENS, "holds '" + tokens.get(i) + "' twice, the second time at " + i);
            }
            vocabulary.put(tokens.get(i), i);
        }
        merges(bpe, model);
        try {
            return TokenizerFiles.of(JSON.writeValueAsBytes(root), settings(), templates());
        } catch (JsonProcessingException e) {
            throw new ModelException("GGUF file " + data.source() + ": " + e.getOriginalMessage(), e);
        }
    }

    private Map<String, String> templates() {
        Map<String, String> templates = new TreeMap<>();
        for (String key : data.values().keySet()) {
            if (key.equals(TEMPLATE)) {
                templates.put(DEFAULT_TEMPLATE, data.text(key));
            } else if (key.startsWith(TEMPLATE + ".")) {
                templates.put(key.substring(TEMPLATE.length() + 1), data.text(key));
            }
        }
        return templates;
    }

    private void added(ArrayNode list) {
        int[] types = data.has(TYPES) ? data.list(TYPES, GgufArray::ints) : new int[0];
        for (int i = 0; i < Math.min(types.length, tokens.size()); i++) {
            boolean special = types[i] == CONTROL || types[i] == UNKNOWN;
            if (special || types[i] == USER_DEFINED) {
                list.addObject()
                        .put("id", i)
                        .put("content", tokens.get(i))
                        .put("single_word", false)
                        .put("lstrip", false)
                        .put("rstrip", false)
                        .put("normalized", false)
                        .put("special", special);
            }
        }
    }

    /** The token in front of a text; where the file does not say, as llama.cpp does. */
    private void beginning(String model) {
        boolean byDefault = model.equals("llama") || data.text(PRE, "").startsWith("llama");
        int bos = data.integer("tokenizer.ggml.bos_token_id", -1);
        if (!data.flag(ADD_BOS, byDefault) || bos < 0) {
            root.putNull("post_processor");
            return;
        }
        String token = token(bos, "tokenizer.ggml.bos_token_id");
        ObjectNode processor = root.putObject("post_processor").put("type", "TemplateProcessing");
        for (String form : List.of("single", "pair")) {
            ArrayNode parts = processor.putArray(form);
            parts.addObject().putObject("SpecialToken").put("id", token).put("type_id", 0);
            parts.addObject().putObject("Sequence").put("id", "A").put("type_id", 0);
            if (form.equals("pair")) {
                parts.addObject().putObject("Sequence").put("id", "B").put("type_id", 1);
            }
        }
        ObjectNode special =
                processor.putObject("special_tokens").putObject(token).put("id", token);
        special.putArray("ids").add(bos);
        special.putArray("tokens").add(token);
    }

    private String token(int id, String key) {
        if (id >= tokens.size()) {
            throw data.wrong(key, "= " + id + ", but there are " + tokens.size() + " tokens");
        }
        return tokens.get(id);
    }

    private void byteLevel(ObjectNode bpe) {
        bpe.putNull("dropout").putNull("unk_token");
        bpe.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        bpe.put("fuse_unk", false).put("byte_fallback", false);
        String pre = data.text(PRE, "default");
        if (!PreTokenizers.describe(pre, root)) {
            throw data.wrong(PRE, "= " + pre + " is not known; known are " + String.join(", ", PreTokenizers.names()));
        }
        root.putObject("decoder")
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", true);
    }

    private void sentencePieces(ObjectNode bpe) {
        bpe.putNull("dropout");
        int unknown = data.integer("tokenizer.ggml.unknown_token_id", 0);
        bpe.put("unk_token", token(unknown, "tokenizer.ggml.unknown_token_id"));
        bpe.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        bpe.put("fuse_unk", true).put("byte_fallback", true).put("ignore_merges", false);
        boolean space = data.flag(ADD_SPACE, true);
        ArrayNode steps = root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        if (space) {
            steps.addObject().put("type", "Prepend").put("prepend", SentencePieceMerges.SPACE);
        }
        replaced(steps, " ", SentencePieceMerges.SPACE);
        ArrayNode back = root.putObject("decoder").put("type", "Sequence").putArray("decoders");
        replaced(back, SentencePieceMerges.SPACE, " ");
        back.addObject().put("type", "ByteFallback");
        back.addObject().put("type", "Fuse");
        if (space) {
            back.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0);
        }
    }

    private static void replaced(ArrayNode steps, String from, String to) {
        ObjectNode step = steps.addObject().put("type", "Replace");
        step.putObject("pattern").put("String", from);
        step.put("content", to);
    }

    private void merges(ObjectNode bpe, String model) {
        ArrayNode merges = bpe.putArray("merges");
        if (model.equals("gpt2") || data.has(MERGES)) {
            for (String merge : data.list(MERGES, GgufArray::strings)) {
                int space = merge.indexOf(' ', 1);
                if (space < 0 || space == merge.length() - 1) {
                    throw data.wrong(MERGES, "holds '" + merge + "'; expected two pieces and a space between");
                }
                merges.addArray().add(merge.substring(0, space)).add(merge.substring(space + 1));
            }
            return;
        }
        float[] scores = data.list(SCORES, GgufArray::floats);
        if (scores.length != tokens.size()) {
            throw data.wrong(SCORES, "has " + scores.length + " numbers for " + tokens.size() + " tokens");
        }
        for (SentencePieceMerges.Merge merge : SentencePieceMerges.of(tokens, scores)) {
            merges.addArray().add(merge.left()).add(merge.right());
        }
    }

    private ObjectNode settings() {
        ObjectNode settings = JSON.createObjectNode();
        settings.put("tokenizer_class", "PreTrainedTokenizerFast");
        for (String[] named : new String[][] {
            {"bos_token", "bos"}, {"eos_token", "eos"}, {"unk_token", "unknown"}, {"pad_token", "padding"}
        }) {
            String key = "tokenizer.ggml." + named[1] + "_token_id";
            if (data.has(key)) {
                settings.put(named[0], token(data.integer(key), key));
            }
        }
        settings.put("clean_up_tokenization_spaces", false);
        String context = data.text(GgufConfig.ARCHITECTURE) + ".context_length";
        if (data.has(context)) {
            settings.put("model_max_length", data.integer(context));
        }
        return settings;
    }
}
