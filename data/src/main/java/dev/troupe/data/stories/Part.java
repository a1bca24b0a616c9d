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

    /** The name of the hero; the first use chooses, later ones repeat. */
    record Hero() implements Part {}

    /** A pronoun of the hero; {@code girl} and {@code boy} are its two forms. */
    record Pronoun(String girl, String boy) implements Part {}
}
