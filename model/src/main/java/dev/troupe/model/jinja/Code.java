package dev.troupe.model.jinja;

/** Compiled expressions and statements. */
final class Code {
    private Code() {}

    /** An expression. */
    interface Eval {
        Object eval(Locals locals);
    }

    /** A statement. */
    interface Exec {
        Signal run(Locals locals, Sink out);
    }

    /** How a statement ends. */
    enum Signal {
        NORMAL,
        BREAK,
        CONTINUE
    }

    /** Assigns a value. */
    interface Store {
        void store(Locals locals, Object value);
    }
}
