package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The added tokens of a tokenizer.json, completed by what the files beside it say. Every token keeps the id that its
 * file gives it: the tokenizers library numbers added tokens one after another, so one that lies farther on is put into
 * the model's vocabulary too.
 */
final class AddedTokens {
    private static final Logger LOG = LoggerFactory.getLogger(AddedTokens.class);
    /** No vocabulary is larger; a number beyond is a mistake. */
    private static final int MOST = 1 << 24;

    private final ObjectNode root;
    private final String source;
    private final Map<String, Integer> model;
    private final Map<Integer, String> modelTexts = new HashMap<>();
    private final TreeMap<Integer, AddedToken> tokens = new TreeMap<>();
    private final Map<String, Integer> ids = new HashMap<>();

    /** @param source the folder, for errors */
    AddedTokens(ObjectNode root, String source) {
        this.root = root;
        this.source = source;
        this.model = Vocabulary.ofModel(root);
        model.forEach((text, id) -> modelTexts.put(id, text));
        for (JsonNode token : root.path("added_tokens")) {
            AddedToken read = AddedToken.read(token.path("id").asInt(-1), token);
            put(read, "tokenizer.json");
        }
    }

    /** Adds those of tokenizer_config.json's added_tokens_decoder, whose flags count; otherwise added_tokens.json's. */
    void complete(JsonNode settings, JsonNode addedTokens, Set<String> special) {
        JsonNode decoder = settings.path("added_tokens_decoder");
        if (decoder.isObject()) {
            decoder.properties().forEach(e -> decoded(e.getKey(), e.getValue()));
            return;
        }
        for (Map.Entry<String, JsonNode> e : addedTokens.properties()) {
            AddedToken token = AddedToken.plain(e.getValue().asInt(-1), e.getKey(), special.contains(e.getKey()));
            if (!e.getValue().isIntegralNumber()) {
                throw wrong(
                        "added_tokens.json", "'" + e.getKey() + "' = " + e.getValue(), "expected its id, an integer");
            }
            AddedToken there = tokens.get(token.id());
            put(there != null && there.content().equals(token.content()) ? there : token, "added_tokens.json");
        }
    }

    private void decoded(String number, JsonNode token) {
        String file = "tokenizer_config.json";
        if (!number.matches("\\d{1,9}") || !token.path("content").isTextual()) {
            throw wrong(
                    file,
                    "added_tokens_decoder has \"" + number + "\": " + token,
                    "expected an id and an object with content");
        }
        put(AddedToken.read(Integer.parseInt(number), token), file);
    }

    private void put(AddedToken token, String file) {
        if (token.content().isEmpty()) {
            return; // as the tokenizers library
        }
        if (token.id() < 0 || token.id() >= MOST) {
            throw wrong(file, "token '" + token.content() + "' has id " + token.id(), "expected 0 to " + (MOST - 1));
        }
        Integer other = ids.getOrDefault(token.content(), model.get(token.content()));
        if (other != null && other != token.id()) {
            throw wrong(
                    file,
                    "token '" + token.content() + "' has id " + token.id() + ", in tokenizer.json it has " + other,
                    "the files are of different tokenizers");
        }
        String text = text(token.id());
        if (text != null && !text.equals(token.content())) {
            throw wrong(
                    file,
                    "id " + token.id() + " is '" + token.content() + "', in tokenizer.json it is '" + text + "'",
                    "the files are of different tokenizers");
        }
        tokens.put(token.id(), token);
        ids.put(token.content(), token.id());
    }

    private @Nullable String text(int id) {
        AddedToken added = tokens.get(id);
        return added == null ? modelTexts.get(id) : added.content();
    }

    /**
     * Tokens with a role are found in a text as such, as in transformers. One that no file gives an id gets the next,
     * if the embedding has a row for it.
     *
     * @param rows of the embedding, or -1 where that is not known
     */
    void special(SpecialTokens special, int rows) {
        for (String text : special.texts()) {
            Integer added = ids.get(text);
            Integer id = added == null ? model.get(text) : added;
            if (added != null) {
                tokens.computeIfPresent(added, (i, token) -> token.asSpecial());
            } else if (id != null) {
                put(AddedToken.plain(id, text, true), "tokenizer.json");
            } else if (next() < rows) {
                put(AddedToken.plain(next(), text, true), "tokenizer_config.json");
            } else if (text.equals(special.text("bos_token")) || text.equals(special.text("eos_token"))) {
                throw wrong(
                        "tokenizer_config.json or special_tokens_map.json",
                        "names '" + text + "' as bos_token or eos_token, which is no token of tokenizer.json",
                        "give it an id in added_tokens.json, or name one that is");
            } else {
                LOG.warn("{} names the special token '{}', which has no id and is not used", source, text);
            }
        }
    }

    private int next() {
        int ofModel =
                modelTexts.keySet().stream().mapToInt(Integer::intValue).max().orElse(-1);
        return Math.max(ofModel, tokens.isEmpty() ? -1 : tokens.lastKey()) + 1;
    }

    /** Writes them into the tokenizer.json; whether that changed it. */
    boolean write() {
        ArrayNode list = root.arrayNode();
        tokens.values().forEach(token -> token.write(list.addObject()));
        boolean moved = place();
        boolean same = list.equals(root.path("added_tokens"))
                || list.isEmpty() && root.path("added_tokens").isEmpty();
        root.set("added_tokens", list);
        return moved || !same;
    }

    /**
     * The library numbers tokens that the model does not have behind its vocabulary, in their order. Where the files
     * say otherwise, the model's vocabulary holds them too.
     */
    private boolean place() {
        List<AddedToken> beyond = tokens.values().stream()
                .filter(token -> !model.containsKey(token.content()))
                .toList();
        boolean compact = modelTexts.keySet().stream().allMatch(id -> id < model.size());
        for (int i = 0; i < beyond.size(); i++) {
            compact &= beyond.get(i).id() == model.size() + i;
        }
        if (compact || beyond.isEmpty()) {
            return false;
        }
        if (!(root.path("model").path("vocab") instanceof ObjectNode vocabulary)) {
            throw wrong(
                    "tokenizer.json",
                    "added token '" + beyond.get(0).content() + "' has id "
                            + beyond.get(0).id() + ", the vocabulary ends at " + (model.size() - 1),
                    "the ids behind a vocabulary that is a list must have no gaps");
        }
        beyond.forEach(token -> vocabulary.put(token.content(), token.id()));
        return true;
    }

    private ModelException wrong(String file, String what, String expected) {
        return new ModelException(source + ", " + file + ": " + what + ": " + expected);
    }
}
