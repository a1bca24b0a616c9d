package dev.troupe.model.jinja;

import java.util.List;

/** Python's list. Templates cannot change one. */
record PyList(List<Object> items) implements Sequence {
    static PyList of(Object... items) {
        return new PyList(List.of(items));
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
