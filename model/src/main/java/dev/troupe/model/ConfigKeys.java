package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a config.json, or of an object in it, with errors that name them. A key that is null counts as missing.
 *
 * @param node the object
 * @param source names the file
 */
record ConfigKeys(JsonNode node, String source) {
    /** Whether a key is there and not null. */
    boolean has(String key) {
        return node.hasNonNull(key);
    }

    /** The object under a key, or null. */
    @Nullable
    ConfigKeys object(String key) {
        if (!has(key)) {
            return null;
        }
        if (!node.get(key).isObject()) {
            throw wrong(key, "an object");
        }
        return new ConfigKeys(node.get(key), source + ", " + key);
    }

    String text(String key) {
        if (!node.path(key).isTextual()) {
            throw wrong(key, "a text");
        }
        return node.get(key).asText();
    }

    String text(String key, String otherwise) {
        return has(key) ? text(key) : otherwise;
    }

    boolean flag(String key, boolean otherwise) {
        if (has(key) && !node.get(key).isBoolean()) {
            throw wrong(key, "true or false");
        }
        return has(key) ? node.get(key).asBoolean() : otherwise;
    }

    int integer(String key) {
        JsonNode value = node.path(key);
        boolean whole = value.isInt() || (value.isDouble() && value.asDouble() == value.asInt());
        if (!whole) {
            throw wrong(key, "an integer");
        }
        return value.asInt();
    }

    int integer(String key, int otherwise) {
        return has(key) ? integer(key) : otherwise;
    }

    double number(String key) {
        if (!node.path(key).isNumber()) {
            throw wrong(key, "a number");
        }
        return node.get(key).asDouble();
    }

    double number(String key, double otherwise) {
        return has(key) ? number(key) : otherwise;
    }

    /** Integers under a key: a list, one, or none. */
    List<Integer> integers(String key) {
        List<Integer> all = new ArrayList<>();
        if (has(key) && node.get(key).isArray()) {
            for (JsonNode each : node.get(key)) {
                if (!each.isInt()) {
                    throw wrong(key, "integers");
                }
                all.add(each.asInt());
            }
        } else if (has(key)) {
            all.add(integer(key));
        }
        return all;
    }

    List<Double> numbers(String key) {
        List<Double> all = new ArrayList<>();
        for (JsonNode each : list(key)) {
            if (!each.isNumber()) {
                throw wrong(key, "a list of numbers");
            }
            all.add(each.asDouble());
        }
        return all;
    }

    List<String> texts(String key) {
        List<String> all = new ArrayList<>();
        for (JsonNode each : list(key)) {
            if (!each.isTextual()) {
                throw wrong(key, "a list of texts");
            }
            all.add(each.asText());
        }
        return all;
    }

    private JsonNode list(String key) {
        if (!node.path(key).isArray()) {
            throw wrong(key, "a list");
        }
        return node.get(key);
    }

    ModelException wrong(String key, String expected) {
        JsonNode value = node.path(key);
        return new ModelException(source + ": key " + key
                + (value.isMissingNode() || value.isNull() ? " is missing; expected " : " = " + value + ": expected ")
                + expected);
    }
}
