package dev.troupe.model.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** jinja2's filters by name, and transformers' tojson. */
final class Filters {
    private static final Map<String, Builtin> ALL = new HashMap<>();

    private Filters() {}

    static {
        TextFilters.addTo(ALL);
        ValueFilters.addTo(ALL);
        SequenceFilters.addTo(ALL);
        SelectFilters.addTo(ALL);
        LayoutFilters.addTo(ALL);
    }

    static @Nullable Builtin find(String name) {
        return ALL.get(name);
    }

    /** Calls a filter that a value names. */
    static Object call(Run run, Object name, Args args) {
        Builtin found = Texts.is(name) ? find(Texts.of(name)) : null;
        if (found == null) {
            throw PyError.template("No filter named " + Repr.repr(name) + ".");
        }
        return found.call(run, args);
    }
}
