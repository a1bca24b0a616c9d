package dev.troupe.model.jinja;

/** What {@code namespace()} makes: attributes that {@code set ns.name = value} changes from inside loops. */
final class Namespace {
    private final PyDict attributes = new PyDict();

    Namespace(PyDict initial) {
        initial.keys().forEach(name -> set(name, initial.get(name)));
    }

    void set(Object name, Object value) {
        if (Texts.is(name) && Texts.of(name).startsWith("_")) {
            throw new PyError(
                    PyError.Kind.SECURITY,
                    "a namespace cannot hold " + Repr.repr(name) + ": choose a name without the leading underscore");
        }
        attributes.put(name, value);
    }

    Object get(String name) {
        return attributes.get(name);
    }

    PyDict attributes() {
        return attributes;
    }
}
