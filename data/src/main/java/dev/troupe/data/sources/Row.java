package dev.troupe.data.sources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** A line of a JSONL file: its columns, and where it is from. A column that is null counts as absent. */
public record Row(Place place, ObjectNode columns) {
    static final ObjectMapper JSON = new ObjectMapper();

    /** Whether a column is there and not null. */
    public boolean has(String column) {
        return columns.hasNonNull(column);
    }

    /** The value of a column; a missing node when there is none. */
    JsonNode get(String column) {
        return columns.path(column);
    }

    /** Whether a column is there and neither null nor a blank text, an empty list or an empty object. */
    boolean filled(String column) {
        JsonNode value = get(column);
        return has(column)
                && !(value.isContainerNode()
                        ? value.isEmpty()
                        : value.isTextual() && value.textValue().isBlank());
    }

    /**
     * The text of a column.
     *
     * @throws IllegalArgumentException when it is absent or not a string
     */
    public String text(String column) {
        JsonNode value = get(column);
        if (value.isMissingNode()) {
            throw new IllegalArgumentException("no column \"" + column + "\"; the line has " + names());
        }
        if (!value.isTextual()) {
            throw new IllegalArgumentException("column \"" + column + "\" is " + kind(value) + ", expected a string");
        }
        return value.textValue();
    }

    /**
     * A text that is not empty.
     *
     * @throws IllegalArgumentException when it is absent, empty or not a string
     */
    String someText(String column) {
        String text = text(column);
        if (text.isEmpty()) {
            throw new IllegalArgumentException("the " + column + " is empty");
        }
        return text;
    }

    /** The names of the columns, sorted. */
    public TreeSet<String> names() {
        TreeSet<String> names = new TreeSet<>();
        columns.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /** The columns other than one, as JSON's texts, numbers, lists and maps; nulls are left out. */
    Map<String, Object> without(String column) {
        Map<String, Object> values = new LinkedHashMap<>();
        columns.fields().forEachRemaining(c -> {
            if (!c.getKey().equals(column) && !c.getValue().isNull()) {
                values.put(c.getKey(), value(c.getValue()));
            }
        });
        return values;
    }

    /** JSON's texts, numbers, booleans, lists and maps, in their order; null for null. */
    static Object value(JsonNode node) {
        return JSON.convertValue(node, Object.class);
    }

    /** An object's keys and values, in their order. */
    @SuppressWarnings("unchecked") // the keys of a JSON object are texts
    static Map<String, Object> map(ObjectNode node) {
        return Collections.unmodifiableMap((Map<String, Object>) JSON.convertValue(node, LinkedHashMap.class));
    }

    /** What a value is, in JSON's words. */
    static String kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case ARRAY -> "a list";
            case OBJECT -> "an object";
            case STRING -> "a string";
            default -> value.getNodeType().toString().toLowerCase(Locale.ROOT);
        };
    }
}
