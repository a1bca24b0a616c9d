package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tokens of a tokenizer.json by their texts, added ones included. */
final class Vocabulary {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<String, Integer> ids;

    private Vocabulary(Map<String, Integer> ids) {
        this.ids = ids;
    }

    static Vocabulary of(byte[] tokenizer) {
        try {
            return of(JSON.readTree(tokenizer));
        } catch (IOException e) {
            throw new ModelException("tokenizer.json: not valid JSON: " + e.getMessage(), e);
        }
    }

    /** The model's own tokens and the added ones. */
    static Vocabulary of(JsonNode root) {
        Map<String, Integer> ids = ofModel(root);
        for (JsonNode added : root.path("added_tokens")) {
            ids.put(added.path("content").asText(), added.path("id").asInt());
        }
        return new Vocabulary(ids);
    }

    /** The model's own tokens: an object of ids, or a list of tokens with their scores. */
    static Map<String, Integer> ofModel(JsonNode root) {
        Map<String, Integer> ids = new HashMap<>();
        JsonNode model = root.path("model").path("vocab");
        if (model.isObject()) {
            model.properties().forEach(e -> ids.put(e.getKey(), e.getValue().asInt()));
        } else {
            for (int i = 0; i < model.size(); i++) {
                ids.putIfAbsent(model.get(i).path(0).asText(), i);
            }
        }
        return ids;
    }

    Map<String, Integer> ids() {
        return ids;
    }

    int id(String token) {
        return ids.getOrDefault(token, -1);
    }

    /** The text of a token, or null. */
    @Nullable
    String text(int id) {
        return ids.entrySet().stream()
                .filter(e -> e.getValue() == id)
                .map(Map.Entry::getKey)
                .findFirst()
                .orElse(null);
    }

    /** One more than the largest id. */
    int size() {
        return ids.values().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
    }
}
