package dev.troupe.model.jinja;

/** The absence of a value: a variable without one, an attribute that does not exist. Templates never see it. */
enum Missing {
    MISSING
}
