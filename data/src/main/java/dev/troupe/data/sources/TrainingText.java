package dev.troupe.data.sources;

import org.jspecify.annotations.Nullable;

/**
 * What the next-token loss reads.
 *
 * @param text as it is; empty for a dialogue
 * @param dialogue for the model's chat template, its answers included; {@link Dialogue#NONE} for a text
 * @param place of its row; null when no file has it
 */
public record TrainingText(
        String text, Dialogue dialogue, @Nullable Place place) {
    /** A text from no file. */
    public TrainingText(String text) {
        this(text, Dialogue.NONE, null);
    }

    /** Whether it is a dialogue, for a chat template. */
    public boolean isDialogue() {
        return !dialogue.isEmpty();
    }
}
