package dev.troupe.model.jinja;

/** A value with attributes of its own, such as {@code loop}. */
interface Members {
    /** The attribute, or {@link Missing}. */
    Object member(Run run, String name);
}
