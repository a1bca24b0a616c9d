package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Python's dict: keeps the order of insertion, and 1, 1.0 and True are one key. */
final class PyDict {
    private final Map<HashKey, Object> entries = new LinkedHashMap<>();

    /** A key with Python's equality. */
    private record HashKey(Object value, int hash) {
        @Override
        public boolean equals(Object other) {
            return other instanceof HashKey key && hash == key.hash && Equality.same(value, key.value);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private static HashKey key(Object value) {
        return new HashKey(value, Equality.hash(value));
    }

    PyDict put(Object name, Object value) {
        entries.put(key(name), value);
        return this;
    }

    PyDict putAll(PyDict other) {
        entries.putAll(other.entries);
        return this;
    }

    /** The value, or {@link Missing}; fails for a key that Python cannot hash. */
    Object get(Object name) {
        return entries.getOrDefault(key(name), Missing.MISSING);
    }

    boolean contains(Object name) {
        return entries.containsKey(key(name));
    }

    int size() {
        return entries.size();
    }

    List<Object> keys() {
        List<Object> keys = new ArrayList<>(entries.size());
        entries.keySet().forEach(k -> keys.add(k.value()));
        return keys;
    }

    List<Object> values() {
        return new ArrayList<>(entries.values());
    }

    List<Object> items() {
        List<Object> items = new ArrayList<>(entries.size());
        entries.forEach((k, v) -> items.add(PyTuple.of(k.value(), v)));
        return items;
    }
}
