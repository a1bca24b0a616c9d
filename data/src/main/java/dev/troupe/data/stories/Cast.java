package dev.troupe.data.stories;

import org.jspecify.annotations.Nullable;

/** Who and what a story has named so far; null means not named yet. */
record Cast(
        @Nullable String hero,
        @Nullable String object,
        @Nullable String animal) {
    static final Cast EMPTY = new Cast(null, null, null);

    @Nullable
    String get(Role role) {
        return switch (role) {
            case HERO -> hero;
            case OBJECT -> object;
            case ANIMAL -> animal;
        };
    }

    Cast with(Role role, String word) {
        return switch (role) {
            case HERO -> new Cast(word, object, animal);
            case OBJECT -> new Cast(hero, word, animal);
            case ANIMAL -> new Cast(hero, object, word);
        };
    }
}
