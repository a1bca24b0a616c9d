package dev.troupe.data.sources;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;

/** What a turn says: a text, or parts of which all are texts and are joined. */
final class Contents {
    private static final Set<String> TEXTS = Set.of("text", "input_text", "output_text");

    private Contents() {}

    /**
     * The text.
     *
     * @throws IllegalArgumentException when it is something else, by its name
     */
    static String of(JsonNode content) {
        if (content.isTextual()) {
            return content.textValue();
        }
        if (!content.isArray()) {
            throw new IllegalArgumentException(
                    "its content is " + Row.kind(content) + ", expected a string or a list of text parts");
        }
        StringBuilder joined = new StringBuilder();
        for (int i = 0; i < content.size(); i++) {
            joined.append(part(content.get(i), i + 1));
        }
        return joined.toString();
    }

    private static String part(JsonNode part, int number) {
        if (part.isTextual()) {
            return part.textValue();
        }
        String type = part.path("type").asText("text");
        if (!TEXTS.contains(type)) {
            throw new IllegalArgumentException(
                    "part " + number + " of its content is \"" + type + "\"; only parts of type \"text\" are read");
        }
        if (!part.path("text").isTextual()) {
            throw new IllegalArgumentException("part " + number + " of its content has no text");
        }
        return part.get("text").textValue();
    }
}
