package dev.troupe.data.stories;

import java.util.List;

/** A piece of a sentence's form. */
sealed interface Part {

    /** Text as it stands. */
    record Literal(String text) implements Part {}

    /** A fresh word of a class. */
    record Pick(List<String> words) implements Part {
        public Pick {
            words = List.copyOf(words);
        }
    }

    /** A word that the story remembers: the first use chooses, later ones repeat. */
    record Recall(Role role) implements Part {}

    /** A pronoun of the hero; {@code girl} and {@code boy} are its two forms. */
    record Pronoun(String girl, String boy) implements Part {}
}
