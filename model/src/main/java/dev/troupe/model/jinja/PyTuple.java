package dev.troupe.model.jinja;

import java.util.List;

/**
 * Python's tuple.
 *
 * @param group whether it is one of groupby's, whose items have the names grouper and list
 */
record PyTuple(List<Object> items, boolean group) implements Sequence {
    PyTuple(List<Object> items) {
        this(items, false);
    }

    static PyTuple of(Object... items) {
        return new PyTuple(List.of(items));
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
