package dev.troupe.data.stories;

import java.util.Locale;

/** How a sentence sounds: the sign of its words' valences. */
public enum Mood {
    HAPPY,
    PLAIN,
    SAD;

    static Mood parse(String word) {
        return switch (word) {
            case "happy" -> HAPPY;
            case "plain" -> PLAIN;
            case "sad" -> SAD;
            default -> throw new IllegalArgumentException("mood \"" + word + "\": expected happy, plain or sad");
        };
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
