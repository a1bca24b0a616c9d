package dev.troupe.data.sources;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import java.util.Map;

/** JSON as data files may have it, in a line or in a text column: one value, each key once, whole characters. */
final class StrictJson {
    private static final ObjectMapper JSON = new ObjectMapper(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(TextLines.LONGEST)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private StrictJson() {}

    /**
     * The one value of a text; a missing node when it is blank.
     *
     * @throws JsonProcessingException for {@link #reason}
     * @throws IllegalArgumentException when half of a surrogate pair is in it
     */
    static JsonNode parse(String text) throws JsonProcessingException {
        JsonNode value = JSON.readTree(text);
        requireWholeCharacters(value);
        return value;
    }

    /**
     * The one value of a text that stands inside a row.
     *
     * @param what the text, for the error
     * @throws IllegalArgumentException saying why it is none
     */
    static JsonNode inside(String what, String text) {
        try {
            return parse(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(what + ": " + reason(e), e);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(what + ": " + e.getMessage(), e);
        }
    }

    /** What is wrong, without where Jackson began to read. */
    static String reason(JsonProcessingException e) {
        if (goesOn(e)) {
            return "it goes on after the first value";
        }
        String message = String.valueOf(e.getOriginalMessage()).replaceFirst(" \\(for [^(]*\\[Source.*", "");
        if (message.startsWith("Duplicate field")) {
            return message + ": expected each key once";
        }
        return "not JSON: " + message
                + (e.getLocation() == null ? "" : " (column " + e.getLocation().getColumnNr() + ")");
    }

    /** Whether something follows the first value. */
    static boolean goesOn(JsonProcessingException e) {
        return e instanceof MismatchedInputException;
    }

    /** Half of a surrogate pair is no character: a tokenizer would read another one in its place. */
    private static void requireWholeCharacters(JsonNode node) {
        if (node.isTextual()) {
            requireWholeCharacters(node.textValue());
        }
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            requireWholeCharacters(field.getKey());
        }
        node.forEach(StrictJson::requireWholeCharacters);
    }

    private static void requireWholeCharacters(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean pair = Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1));
            if (Character.isSurrogate(c) && !pair) {
                throw new IllegalArgumentException(
                        String.format("\\u%04x is half of a surrogate pair: expected whole characters", (int) c));
            }
            i += pair ? 1 : 0;
        }
    }
}
