package dev.troupe.data.rewards;

import java.util.Map;

/**
 * What a rule judges.
 *
 * @param prompt the text that the model was given
 * @param completion the text that it wrote, without special tokens
 * @param columns the other columns of the prompt's row, as JSON's texts, numbers, lists and maps; empty where the
 *     prompts have none or nothing asked for them
 */
public record Answer(String prompt, String completion, Map<String, Object> columns) {
    /** Of a prompt without other columns. */
    public Answer(String prompt, String completion) {
        this(prompt, completion, Map.of());
    }
}
