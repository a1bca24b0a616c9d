package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A text that is one token wherever it is found, whatever the model's vocabulary makes of it.
 *
 * @param lstrip whether spaces before it belong to it
 * @param rstrip whether spaces behind it belong to it
 * @param normalized whether it is looked for in the normalized text, not in the text as it was given
 * @param special whether decoding leaves it out
 */
record AddedToken(
        int id,
        String content,
        boolean singleWord,
        boolean lstrip,
        boolean rstrip,
        boolean normalized,
        boolean special) {

    /** One that is taken as it stands. */
    static AddedToken plain(int id, String content, boolean special) {
        return new AddedToken(id, content, false, false, false, !special, special);
    }

    /** An entry of tokenizer.json's list or of added_tokens_decoder; absent flags are false, as there. */
    static AddedToken read(int id, JsonNode node) {
        boolean special = node.path("special").asBoolean(false);
        return new AddedToken(
                id,
                node.path("content").asText(),
                node.path("single_word").asBoolean(false),
                node.path("lstrip").asBoolean(false),
                node.path("rstrip").asBoolean(false),
                node.path("normalized").asBoolean(!special),
                special);
    }

    void write(ObjectNode out) {
        out.put("id", id)
                .put("content", content)
                .put("single_word", singleWord)
                .put("lstrip", lstrip)
                .put("rstrip", rstrip)
                .put("normalized", normalized)
                .put("special", special);
    }

    AddedToken asSpecial() {
        return new AddedToken(id, content, singleWord, lstrip, rstrip, normalized, true);
    }
}
