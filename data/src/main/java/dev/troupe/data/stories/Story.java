package dev.troupe.data.stories;

import java.util.List;

/**
 * One story.
 *
 * @param opening its first sentence, always plain: the prompt
 * @param rest everything after it, with the space that parts the two: the completion
 * @param moods the mood of each sentence of the rest
 */
public record Story(String opening, String rest, List<Mood> moods) {
    public Story {
        moods = List.copyOf(moods);
    }

    /** Opening and rest together. */
    public String text() {
        return opening + rest;
    }
}
