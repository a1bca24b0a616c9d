package dev.troupe.model.jinja;

/**
 * A built-in function or a method of a value.
 *
 * @param printed what it prints as
 */
record Function(String printed, PyCallable body) implements PyCallable {
    /** The same as a method of a built-in type, which prints its name. */
    Function named(String name, Object self) {
        return new Function(
                "<built-in method " + name + " of " + Types.name(self) + " object" + PyIterator.ADDRESS, body);
    }

    @Override
    public Object call(Run run, Args args) {
        return body.call(run, args);
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
