package dev.troupe.model.jinja;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which names a scope reads and writes, and where each one's value is when the scope begins. Follows jinja2's
 * idtracking: a name that a scope sets hides the outer one from the scope's beginning on.
 */
final class Symbols {
    /** A variable: a slot of a function. */
    record Ref(FunctionScope function, int slot, String name) {}

    /** Where a variable's value comes from when its scope begins. */
    enum Source {
        PARAMETER,
        RESOLVE,
        ALIAS,
        UNDEFINED
    }

    /**
     * @param outer the variable of an enclosing scope that ALIAS copies; the variable itself for the others
     */
    record Load(Source source, Ref outer) {}

    private final int level;
    private final @Nullable Symbols parent;
    private final FunctionScope function;
    private final Map<String, Ref> refs = new HashMap<>();
    private final Map<Ref, Load> loads = new LinkedHashMap<>();
    private final Set<String> stores = new HashSet<>();

    Symbols(@Nullable Symbols parent, FunctionScope function) {
        this.parent = parent;
        this.level = parent == null ? 0 : parent.level + 1;
        this.function = function;
    }

    Symbols copy() {
        Symbols copy = new Symbols(parent, function);
        copy.refs.putAll(refs);
        copy.loads.putAll(loads);
        copy.stores.addAll(stores);
        return copy;
    }

    private Ref define(String name, Source source, @Nullable Ref outer) {
        Ref ref = new Ref(function, function.slot(level, name), name);
        refs.put(name, ref);
        loads.put(ref, new Load(source, outer == null ? ref : outer));
        return ref;
    }

    @Nullable
    Ref find(String name) {
        Ref ref = refs.get(name);
        return ref != null || parent == null ? ref : parent.find(name);
    }

    Ref ref(String name, int line) {
        Ref ref = find(name);
        if (ref == null) {
            throw PyError.syntax("the name '" + name + "' cannot be used here", line);
        }
        return ref;
    }

    void store(String name) {
        stores.add(name);
        if (refs.containsKey(name)) {
            return;
        }
        Ref outer = parent == null ? null : parent.find(name);
        define(name, outer == null ? Source.UNDEFINED : Source.ALIAS, outer);
    }

    Ref declareParameter(String name) {
        stores.add(name);
        return define(name, Source.PARAMETER, null);
    }

    void load(String name) {
        if (find(name) == null) {
            define(name, Source.RESOLVE, null);
        }
    }

    /** Takes over what the branches of an if do. */
    void update(List<Symbols> branches) {
        Set<String> fresh = new HashSet<>();
        branches.forEach(branch -> fresh.addAll(branch.stores));
        fresh.removeAll(stores);
        for (Symbols branch : branches) {
            refs.putAll(branch.refs);
            loads.putAll(branch.loads);
            stores.addAll(branch.stores);
        }
        for (String name : fresh) {
            Ref target = java.util.Objects.requireNonNull(find(name));
            Ref outer = parent == null ? null : parent.find(name);
            loads.put(target, outer == null ? new Load(Source.RESOLVE, target) : new Load(Source.ALIAS, outer));
        }
    }

    Map<Ref, Load> loads() {
        return loads;
    }

    /** The variables that this scope and those around it set, by name. */
    Map<String, Ref> allStores() {
        Map<String, Ref> all = parent == null ? new HashMap<>() : parent.allStores();
        for (String name : stores) {
            Ref ref = find(name);
            if (ref != null) {
                all.put(name, ref);
            }
        }
        return all;
    }
}
