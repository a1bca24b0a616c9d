package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The arguments of a call. */
record Args(List<Object> positional, Map<String, Object> named) {
    static Args of(Object... positional) {
        return new Args(List.of(positional), Map.of());
    }

    Args withFirst(Object first) {
        List<Object> all = new ArrayList<>(positional.size() + 1);
        all.add(first);
        all.addAll(positional);
        return new Args(all, named);
    }

    Args from(int index) {
        return new Args(positional.subList(index, positional.size()), named);
    }

    /** Positional arguments alone, their number within bounds. */
    List<Object> only(String function, int least, int most) {
        if (!named.isEmpty()) {
            throw PyError.type(function + "() takes no keyword arguments");
        }
        if (positional.size() < least || positional.size() > most) {
            throw PyError.type(function + "() takes " + least + (least == most ? "" : " to " + most)
                    + " arguments, got " + positional.size());
        }
        return positional;
    }

    /** A dict from an optional mapping or pairs, and the named arguments. */
    PyDict asDict(String function) {
        if (positional.size() > 1) {
            throw PyError.type(function + " expected at most 1 argument, got " + positional.size());
        }
        PyDict dict = new PyDict();
        for (Object source : positional) {
            addAll(dict, source);
        }
        new LinkedHashMap<>(named).forEach(dict::put);
        return dict;
    }

    private static void addAll(PyDict dict, Object source) {
        if (source instanceof PyDict other) {
            dict.putAll(other);
            return;
        }
        for (Object pair : Types.list(source)) {
            List<Object> parts = Types.list(pair);
            if (parts.size() != 2) {
                throw PyError.value("a dict is made of pairs, got " + parts.size() + " items");
            }
            dict.put(parts.get(0), parts.get(1));
        }
    }
}
