package dev.troupe.data.stories;

/** What a story remembers from sentence to sentence. */
enum Role {
    HERO,
    OBJECT,
    ANIMAL
}
