package dev.troupe.model.jinja;

/**
 * A built-in filter or test: its operand is the first argument.
 *
 * @param needsRun whether it calls other filters or tests by name; it is never computed in advance then
 */
record Builtin(PyCallable body, boolean needsRun) implements PyCallable {
    /** What a filter or a test does with the values of its parameters. */
    interface Body {
        Object apply(Run run, java.util.List<Object> values);
    }

    static Builtin of(Signature signature, Body body) {
        return new Builtin((run, args) -> body.apply(run, signature.bind(args)), false);
    }

    @Override
    public Object call(Run run, Args args) {
        return body.call(run, args);
    }
}
