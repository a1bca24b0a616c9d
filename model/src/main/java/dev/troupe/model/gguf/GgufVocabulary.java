package dev.troupe.model.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelException;
import dev.troupe.model.TokenizerFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A tokenizer.json as a GGUF file's metadata: {@link GgufTokenizer} the other way round. */
final class GgufVocabulary {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** What llama.cpp gives to rows of the embedding that have no token. */
    private static final String UNUSED = "[PAD%d]";

    private static final int UNUSED_TYPE = 5;

    private final JsonNode root;
    private final ModelConfig config;
    private final String[] tokens;
    private final int[] types;

    private GgufVocabulary(JsonNode root, ModelConfig config) {
        this.root = root;
        this.config = config;
        this.tokens = new String[config.vocabulary()];
        this.types = new int[config.vocabulary()];
    }

    /** Writes the tokenizer's keys; a tokenizer without a form in GGUF gives an error that says what it has. */
    static void write(TokenizerFiles files, ModelConfig config, GgufMetadataWriter out) {
        try {
            new GgufVocabulary(JSON.readTree(files.tokenizer()), config).write(files, out);
        } catch (IOException e) {
            throw new ModelException("the tokenizer.json cannot be read: " + e.getMessage(), e);
        }
    }

    private void write(TokenizerFiles files, GgufMetadataWriter out) {
        JsonNode model = root.path("model");
        if (!model.path("type").asText("BPE").equals("BPE")
                || !model.path("vocab").isObject()) {
            throw new ModelException("a tokenizer of type " + model.path("type").asText("unknown")
                    + " has no form in a GGUF file; expected BPE");
        }
        boolean pieces = model.path("byte_fallback").asBoolean(false);
        String normalizer = root.path("normalizer").toString();
        if (pieces && (normalizer.contains("\"Precompiled\"") || normalizer.contains("\"Regex\""))) {
            throw new ModelException(
                    "the normalizer of this tokenizer replaces characters or drops spaces, which has no"
                            + " form in a GGUF file of the llama kind");
        }
        collect(model, pieces);
        out.text(GgufTokenizer.MODEL, pieces ? "llama" : "gpt2");
        if (!pieces) {
            out.text(GgufTokenizer.PRE, cut());
        }
        out.texts(GgufTokenizer.TOKENS, Arrays.asList(tokens));
        out.ints(GgufTokenizer.TYPES, types);
        List<String> merges = merges(model.path("merges"));
        if (pieces) {
            out.floats(GgufTokenizer.SCORES, scores(merges));
            out.flag(GgufTokenizer.ADD_SPACE, beginsWithSpace());
        } else {
            out.texts(GgufTokenizer.MERGES, merges);
            out.flag(GgufTokenizer.ADD_SPACE, false);
        }
        special(files, out);
        templates(files.templatesByName(), out);
    }

    private static void templates(Map<String, String> byName, GgufMetadataWriter out) {
        List<String> names = new ArrayList<>();
        new TreeMap<>(byName).forEach((name, template) -> {
            if (name.equals(GgufTokenizer.DEFAULT_TEMPLATE)) {
                out.text(GgufTokenizer.TEMPLATE, template);
            } else {
                out.text(GgufTokenizer.TEMPLATE + "." + name, template);
                names.add(name);
            }
        });
        if (!names.isEmpty()) {
            out.texts(GgufTokenizer.TEMPLATES, names);
        }
    }

    private String cut() {
        String name = PreTokenizers.nameOf(root);
        if (name == null) {
            throw new ModelException("the pre_tokenizer of this tokenizer.json, " + root.path("pre_tokenizer")
                    + " with normalizer " + root.path("normalizer") + ", has no name in GGUF; known are "
                    + String.join(", ", PreTokenizers.names()));
        }
        return name;
    }

    private void collect(JsonNode model, boolean pieces) {
        for (Map.Entry<String, JsonNode> e : model.path("vocab").properties()) {
            boolean single = pieces && e.getKey().matches("<0x[0-9A-F]{2}>");
            put(e.getValue().asInt(), e.getKey(), single ? GgufTokenizer.BYTE : GgufTokenizer.NORMAL);
        }
        String unknown = model.path("unk_token").asText("");
        for (JsonNode added : root.path("added_tokens")) {
            String token = added.path("content").asText();
            boolean special = added.path("special").asBoolean(false);
            int type = !special
                    ? GgufTokenizer.USER_DEFINED
                    : pieces && token.equals(unknown) ? GgufTokenizer.UNKNOWN : GgufTokenizer.CONTROL;
            put(added.path("id").asInt(-1), token, type);
        }
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i] == null) {
                put(i, String.format(UNUSED, i), UNUSED_TYPE);
            }
        }
    }

    private void put(int id, String token, int type) {
        if (id < 0 || id >= tokens.length) {
            throw new ModelException(
                    "token '" + token + "' has id " + id + ", the model's embedding " + tokens.length + " rows");
        }
        tokens[id] = token;
        types[id] = type;
    }

    private static List<String> merges(JsonNode list) {
        List<String> merges = new ArrayList<>();
        for (JsonNode merge : list) {
            merges.add(
                    merge.isTextual()
                            ? merge.asText()
                            : merge.path(0).asText() + " " + merge.path(1).asText());
        }
        return merges;
    }

    /** SentencePiece's scores in the order of the merges that make the pieces. */
    private float[] scores(List<String> merges) {
        Map<String, Integer> rank = new HashMap<>();
        for (int i = 0; i < merges.size(); i++) {
            rank.putIfAbsent(merges.get(i).replaceFirst(" ", ""), i);
        }
        float[] scores = new float[tokens.length];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = types[i] == GgufTokenizer.NORMAL ? -rank.getOrDefault(tokens[i], merges.size()) : 0;
        }
        return scores;
    }

    /** Llama's tokenizers put a space in front of a text in the normalizer, newer ones in the pre_tokenizer. */
    private boolean beginsWithSpace() {
        JsonNode cut = root.path("pre_tokenizer");
        return root.path("normalizer").toString().contains("\"Prepend\"")
                || (cut.path("type").asText().equals("Metaspace")
                        && !cut.path("prepend_scheme").asText("always").equals("never"));
    }

    private void special(TokenizerFiles files, GgufMetadataWriter out) {
        id(files, "bos_token", "bos", config.bosId(), out);
        int eos = id(files, "eos_token", "eos", config.eosId(), out);
        id(files, "unk_token", "unknown", -1, out);
        id(files, "pad_token", "padding", config.padId(), out);
        List<Integer> more = config.eosIds().stream().filter(end -> end != eos).toList();
        for (int i = 0; i < Math.min(more.size(), GgufConfig.MORE_ENDS.size()); i++) {
            out.uint32(GgufConfig.MORE_ENDS.get(i), more.get(i));
        }
        out.flag(GgufTokenizer.ADD_BOS, beginsWithSpecial(root.path("post_processor")));
    }

    private static boolean beginsWithSpecial(JsonNode processor) {
        for (JsonNode part : processor.path("processors")) {
            if (beginsWithSpecial(part)) {
                return true;
            }
        }
        return processor.path("single").path(0).has("SpecialToken");
    }

    private int id(TokenizerFiles files, String key, String name, int otherwise, GgufMetadataWriter out) {
        int id = Arrays.asList(tokens).indexOf(files.special(key));
        int found = id >= 0 ? id : otherwise;
        if (found >= 0) {
            out.uint32("tokenizer.ggml." + name + "_token_id", found);
        }
        return found;
    }
}
