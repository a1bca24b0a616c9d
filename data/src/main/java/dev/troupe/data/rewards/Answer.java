package dev.troupe.data.rewards;

import java.util.List;
import java.util.Map;

/**
 * What a rule judges.
 *
 * @param prompt the text that the model was given
 * @param completion the text that it wrote, without special tokens
 * @param columns the other columns of the prompt's row, as JSON's texts, numbers, lists and maps; empty where the
 *     prompts have none or nothing asked for them
 * @param messages of a prompt that is a dialogue, the turns that the chat template was given, each with its role,
 *     content and other keys; a last one of the assistant is a beginning that the completion goes on from. Empty for a
 *     text
 */
public record Answer(
        String prompt, String completion, Map<String, Object> columns, List<Map<String, Object>> messages) {
    /** Of a prompt that is a text. */
    public Answer(String prompt, String completion, Map<String, Object> columns) {
        this(prompt, completion, columns, List.of());
    }

    /** Of a prompt without other columns. */
    public Answer(String prompt, String completion) {
        this(prompt, completion, Map.of());
    }
}
