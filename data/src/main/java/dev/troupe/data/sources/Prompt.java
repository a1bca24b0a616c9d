package dev.troupe.data.sources;

import java.util.List;
import java.util.Map;

/**
 * A prompt that was drawn: a text that the model continues, or a dialogue that it answers.
 *
 * @param draw its draw number: part of every trajectory's id and of its sampling noise
 * @param text what the model continues; of a dialogue its last turn, to show it by
 * @param messages the dialogue, for the model's chat template; empty for a text
 * @param columns the other columns of its row, as JSON's texts, numbers, lists and maps
 */
public record Prompt(long draw, String text, List<Message> messages, Map<String, Object> columns) {
    public Prompt {
        messages = List.copyOf(messages);
    }

    /** A dialogue without other columns. */
    public Prompt(long draw, String text, List<Message> messages) {
        this(draw, text, messages, Map.of());
    }

    /** A text without other columns. */
    public Prompt(long draw, String text) {
        this(draw, text, List.of());
    }

    /** The same prompt under another draw number. */
    Prompt at(long other) {
        return new Prompt(other, text, messages, columns);
    }

    /** The same prompt with the other columns of its row. */
    Prompt with(Map<String, Object> others) {
        return new Prompt(draw, text, messages, others);
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
