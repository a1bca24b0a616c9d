package dev.troupe.model.jinja;

import java.util.List;

/** A list or a tuple. */
sealed interface Sequence permits PyList, PyTuple {
    List<Object> items();
}
