package dev.troupe.data.sources;

import java.util.List;

/**
 * A prompt that was drawn: a text that the model continues, or a dialogue that it answers.
 *
 * @param draw its draw number: part of every trajectory's id and of its sampling noise
 * @param text what the model continues; of a dialogue its last turn, to show it by
 * @param messages the dialogue, for the model's chat template; empty for a text
 */
public record Prompt(long draw, String text, List<Message> messages) {
    public Prompt {
        messages = List.copyOf(messages);
    }

    /** A text. */
    public Prompt(long draw, String text) {
        this(draw, text, List.of());
    }

    /** The same prompt under another draw number. */
    Prompt at(long other) {
        return new Prompt(other, text, messages);
    }

    /** What it asks, whatever its number: two rows of a file that are equal here are one prompt. */
    Object asked() {
        return messages.isEmpty() ? text : messages;
    }

    /** Characters of the text, or of all turns. */
    int characters() {
        return messages.isEmpty()
                ? text.length()
                : messages.stream().mapToInt(m -> m.content().length()).sum();
    }
}
