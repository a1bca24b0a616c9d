package dev.troupe.model.jinja;

/** A value that a template can call. */
interface PyCallable {
    Object call(Run run, Args args);
}
