package dev.troupe.model.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The slots of a template's function while it is compiled. Names of one level share a slot. */
final class FunctionScope {
    private final @Nullable FunctionScope parent;
    private final Map<String, Integer> slots = new HashMap<>();

    FunctionScope(@Nullable FunctionScope parent) {
        this.parent = parent;
    }

    int slot(int level, String name) {
        return slots.computeIfAbsent(level + " " + name, key -> slots.size());
    }

    int size() {
        return slots.size();
    }

    /** How many functions outwards another one is. */
    int hops(FunctionScope other) {
        int hops = 0;
        FunctionScope at = this;
        while (at != other) {
            if (at.parent == null) {
                throw new IllegalStateException("a variable of a function that does not enclose its use");
            }
            at = at.parent;
            hops++;
        }
        return hops;
    }
}
