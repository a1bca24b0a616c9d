package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;

/** Names and defaults of a built-in function's parameters. */
final class Signature {
    private final String function;
    private final List<String> names = new ArrayList<>();
    private final List<Object> defaults = new ArrayList<>();

    private Signature(String function) {
        this.function = function;
    }

    /** A signature with parameters that must be given. */
    static Signature of(String function, String... required) {
        Signature made = new Signature(function);
        for (String name : required) {
            made.names.add(name);
            made.defaults.add(Missing.MISSING);
        }
        return made;
    }

    /** Adds a parameter with a default. */
    Signature with(String name, Object value) {
        names.add(name);
        defaults.add(value);
        return this;
    }

    /** The values by position. */
    List<Object> bind(Args args) {
        if (args.positional().size() > names.size()) {
            throw PyError.type(function + " takes " + names.size() + " arguments, got "
                    + args.positional().size());
        }
        List<Object> bound = new ArrayList<>(defaults);
        for (int i = 0; i < args.positional().size(); i++) {
            bound.set(i, args.positional().get(i));
        }
        args.named().forEach((name, value) -> {
            int at = names.indexOf(name);
            if (at < 0) {
                throw PyError.type(function + " has no argument " + Repr.repr(name));
            }
            if (at < args.positional().size()) {
                throw PyError.type(function + " got two values for " + Repr.repr(name));
            }
            bound.set(at, value);
        });
        int absent = bound.indexOf(Missing.MISSING);
        if (absent >= 0) {
            throw PyError.type(function + " needs the argument " + Repr.repr(names.get(absent)));
        }
        return bound;
    }
}
