package dev.troupe.data.sources;

import org.jspecify.annotations.Nullable;

/**
 * What the next-token loss reads.
 *
 * @param text as it is; empty for a dialogue
 * @param dialogue for the model's chat template, its answers included; {@link Dialogue#NONE} for a text
 * @param prompt what of it is asked and not answered; null where it is no prompt with a completion
 * @param place of its row; null when no file has it
 */
public record TrainingText(
        String text,
        Dialogue dialogue,
        @Nullable Prompt prompt,
        @Nullable Place place) {
    /** A text from no file. */
    public TrainingText(String text) {
        this(text, Dialogue.NONE, null, null);
    }

    /** Whether it is a dialogue, for a chat template. */
    public boolean isDialogue() {
        return !dialogue.isEmpty();
    }
}
