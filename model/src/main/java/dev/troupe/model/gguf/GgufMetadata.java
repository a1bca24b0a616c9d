package dev.troupe.model.gguf;

import dev.troupe.model.ModelException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** The keys and values of a GGUF header; an error names the file, the key and what was expected. */
record GgufMetadata(Map<String, Object> values, String source) {
    /** Numbers of a list that an error shows. */
    private static final int SHOWN = 8;

    /** The same without these keys. */
    GgufMetadata without(Set<String> keys) {
        Map<String, Object> rest = new LinkedHashMap<>(values);
        rest.keySet().removeAll(keys);
        return new GgufMetadata(rest, source);
    }

    /** Keys and values with lists as an empty list or as a text that says how long they are. */
    Map<String, Object> plain() {
        Map<String, Object> plain = new LinkedHashMap<>();
        values.forEach((key, value) ->
                plain.put(key, value instanceof GgufArray array && array.count() == 0 ? List.of() : shown(value)));
        return plain;
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    String text(String key) {
        return typed(key, String.class, "a text");
    }

    String text(String key, String otherwise) {
        return has(key) ? text(key) : otherwise;
    }

    boolean flag(String key, boolean otherwise) {
        return has(key) ? typed(key, Boolean.class, "true or false") : otherwise;
    }

    double number(String key) {
        return values.get(key) instanceof Long whole ? whole : typed(key, Double.class, "a number");
    }

    int integer(String key) {
        long value = typed(key, Long.class, "an integer");
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw wrong(key, "= " + value + ": expected an integer from 0 to " + Integer.MAX_VALUE);
        }
        return (int) value;
    }

    int integer(String key, int otherwise) {
        return has(key) ? integer(key) : otherwise;
    }

    boolean isList(String key) {
        return values.get(key) instanceof GgufArray;
    }

    /** An integer, or a list of one for each layer if all are the same: layers have one shape here. */
    int layerInteger(String key) {
        if (!isList(key)) {
            return integer(key);
        }
        int[] each = list(key, GgufArray::ints);
        int[] distinct = Arrays.stream(each).distinct().toArray();
        if (distinct.length != 1 || distinct[0] < 0) {
            throw wrong(
                    key,
                    "= " + Arrays.toString(distinct.length > SHOWN ? Arrays.copyOf(distinct, SHOWN) : distinct)
                            + " for different layers: expected the same for all");
        }
        return distinct[0];
    }

    int layerInteger(String key, int otherwise) {
        return has(key) ? layerInteger(key) : otherwise;
    }

    /** A list, in the form that {@code form} gives it. */
    <T> T list(String key, Function<GgufArray, T> form) {
        GgufArray array = typed(key, GgufArray.class, "a list");
        try {
            return form.apply(array);
        } catch (IllegalArgumentException e) {
            throw new ModelException("GGUF file " + source + ": key " + key + ": " + e.getMessage(), e);
        }
    }

    ModelException wrong(String key, String what) {
        return new ModelException("GGUF file " + source + ": key " + key + " " + what);
    }

    private <T> T typed(String key, Class<T> type, String expected) {
        Object value = values.get(key);
        if (!type.isInstance(value)) {
            throw wrong(key, value == null ? "is missing" : "= " + shown(value) + ": expected " + expected);
        }
        return type.cast(value);
    }

    private static Object shown(Object value) {
        return value instanceof GgufArray array ? "a list of " + array.count() : value;
    }
}
