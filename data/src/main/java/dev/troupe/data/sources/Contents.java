package dev.troupe.data.sources;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;

/** What a turn says: a text, parts of which all are texts and are joined, or the JSON that a tool gave back. */
final class Contents {
    private static final Set<String> TEXTS = Set.of("text", "input_text", "output_text");

    private Contents() {}

    /**
     * The text; of a tool's turn also an object, or a list of values that are no parts.
     *
     * @throws IllegalArgumentException when it is something else, by its name
     */
    static Object of(JsonNode content, String role) {
        return role.equals(Speakers.TOOL) && isResult(content) ? Row.value(content) : text(content);
    }

    private static boolean isResult(JsonNode content) {
        for (JsonNode part : content.isArray() ? content : List.<JsonNode>of()) {
            if (part.isTextual() || part.path("type").isTextual()) {
                return false;
            }
        }
        return content.isContainerNode() && (content.isObject() || !content.isEmpty());
    }

    private static String text(JsonNode content) {
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
