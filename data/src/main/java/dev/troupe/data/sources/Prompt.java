package dev.troupe.data.sources;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A prompt that was drawn: a text that the model continues, or a dialogue that it answers. Equal prompts may be from
 * different places.
 *
 * @param draw its draw number: part of every trajectory's id and of its sampling noise
 * @param text what the model continues; of a dialogue its last turn, to show it by
 * @param dialogue for the model's chat template; {@link Dialogue#NONE} for a text
 * @param columns the other columns of its row, as JSON's texts, numbers, lists and maps
 * @param place of its row; null when no file has it
 */
public record Prompt(
        long draw,
        String text,
        Dialogue dialogue,
        Map<String, Object> columns,
        @Nullable Place place) {
    /** Keeps the order of the columns. */
    public Prompt {
        columns = Collections.unmodifiableMap(new LinkedHashMap<>(columns));
    }

    /** From no file. */
    public Prompt(long draw, String text, List<Message> messages, Map<String, Object> columns) {
        this(draw, text, messages.isEmpty() ? Dialogue.NONE : new Dialogue(messages), columns, null);
    }

    /** A dialogue without other columns. */
    public Prompt(long draw, String text, List<Message> messages) {
        this(draw, text, messages, Map.of());
    }

    /** A text without other columns. */
    public Prompt(long draw, String text) {
        this(draw, text, List.of());
    }

    /** The turns of a dialogue; none of a text. */
    public List<Message> messages() {
        return dialogue.messages();
    }

    /** Whether it is a dialogue, for a chat template. */
    public boolean isDialogue() {
        return !dialogue.isEmpty();
    }

    /** A text as what a user says; a dialogue as it is. */
    public Prompt asUser() {
        return isDialogue()
                ? this
                : new Prompt(draw, text, new Dialogue(List.of(new Message(Message.USER, text))), columns, place);
    }

    /** Where it is from, for an error: file and line, or its draw number. */
    public String where() {
        return place == null ? "prompt " + draw : place.toString();
    }

    /**
     * The same after a setting.
     *
     * @param setting key and value, as in {@code data.prompts = FILE}
     */
    public String where(String setting) {
        if (place == null) {
            return setting + ", draw " + draw;
        }
        return setting.endsWith(place.file().toString()) ? setting + ":" + place.line() : setting + ", " + place;
    }

    /** The same prompt under another draw number. */
    Prompt at(long other) {
        return new Prompt(other, text, dialogue, columns, place);
    }

    /** What it asks, whatever its number: two rows of a file that are equal here are one prompt. */
    Object asked() {
        return isDialogue() ? dialogue : text;
    }

    /** Characters of the text, or of all turns and tools. */
    int characters() {
        return isDialogue() ? dialogue.characters() : text.length();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Prompt p
                && draw == p.draw
                && text.equals(p.text)
                && dialogue.equals(p.dialogue)
                && columns.equals(p.columns);
    }

    @Override
    public int hashCode() {
        return Objects.hash(draw, text, dialogue, columns);
    }
}
