package dev.troupe.model.jinja;

/** Python's None. */
enum None {
    NONE
}
