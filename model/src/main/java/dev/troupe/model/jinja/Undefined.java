package dev.troupe.model.jinja;

/**
 * A name, attribute or item that does not exist. It prints as nothing, is false and has no items; every operation on it
 * fails with its message.
 */
record Undefined(String message, PyError.Kind kind) {
    static Undefined name(String name) {
        return hint(Repr.repr(name) + " is undefined");
    }

    static Undefined hint(String message) {
        return new Undefined(message, PyError.Kind.UNDEFINED);
    }

    static Undefined member(Object of, Object name) {
        String type = of == None.NONE ? "None" : Types.name(of) + " object";
        return hint(
                Texts.is(name)
                        ? Repr.repr(type) + " has no attribute " + Repr.repr(name)
                        : type + " has no element " + Repr.repr(name));
    }

    static Undefined unsafe(Object of, String name) {
        return new Undefined(
                "access to attribute " + Repr.repr(name) + " of " + Repr.repr(Types.name(of)) + " object is unsafe",
                PyError.Kind.SECURITY);
    }

    PyError failure() {
        return new PyError(kind, message);
    }
}
