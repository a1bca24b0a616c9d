package dev.troupe.model.jinja;

/** A failure inside a template, by the kind of exception that Python raises. Filters catch some kinds and go on. */
final class PyError extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Kinds that filters or lookups treat differently; the others end the rendering. */
    enum Kind {
        TYPE,
        VALUE,
        LOOKUP,
        OVERFLOW,
        ZERO_DIVISION,
        UNDEFINED,
        SECURITY,
        TEMPLATE,
        SYNTAX,
        LIMIT,
        UNSUPPORTED
    }

    private final Kind kind;
    private int line;

    PyError(Kind kind, String message) {
        super(message, null, false, false);
        this.kind = kind;
    }

    static PyError type(String message) {
        return new PyError(Kind.TYPE, message);
    }

    static PyError value(String message) {
        return new PyError(Kind.VALUE, message);
    }

    static PyError lookup(String message) {
        return new PyError(Kind.LOOKUP, message);
    }

    static PyError template(String message) {
        return new PyError(Kind.TEMPLATE, message);
    }

    static PyError limit(String message) {
        return new PyError(Kind.LIMIT, message);
    }

    static PyError syntax(String message, int line) {
        return new PyError(Kind.SYNTAX, message).at(line);
    }

    static PyError unsupported(String what) {
        return new PyError(Kind.UNSUPPORTED, what + " not supported in chat templates");
    }

    Kind kind() {
        return kind;
    }

    boolean is(Kind... kinds) {
        for (Kind each : kinds) {
            if (each == kind) {
                return true;
            }
        }
        return false;
    }

    /** Sets the template's line unless a deeper node has done so. */
    PyError at(int where) {
        if (line == 0) {
            line = where;
        }
        return this;
    }

    int line() {
        return line;
    }
}
