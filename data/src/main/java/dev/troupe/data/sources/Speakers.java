package dev.troupe.data.sources;

import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** Who speaks, by the words of the field's files. */
final class Speakers {
    static final String TOOL = "tool";
    /** What a ShareGPT file calls a turn that calls tools: JSON with a name and arguments. */
    static final String CALL = "function_call";

    /** Words for people and models; the same under {@code role} and under {@code from}. */
    private static final Map<String, String> EVERYWHERE = Map.of(
            "human", Message.USER,
            "user", Message.USER,
            "assistant", Message.ASSISTANT,
            "gpt", Message.ASSISTANT,
            "chatgpt", Message.ASSISTANT,
            "bing", Message.ASSISTANT,
            "bard", Message.ASSISTANT,
            "model", Message.ASSISTANT,
            "system", "system");

    /** Words of ShareGPT's {@code from} alone: under {@code role} some templates have names of their own for these. */
    private static final Map<String, String> OF_SHAREGPT = Map.of(
            "tool",
            TOOL,
            "function",
            TOOL,
            "observation",
            TOOL,
            "function_response",
            TOOL,
            "tool_response",
            TOOL,
            CALL,
            CALL,
            "tool_call",
            CALL,
            "developer",
            "developer");

    private Speakers() {}

    /** The role of a {@code role}: a word that is not in the table goes to the template as it is. */
    static String ofRole(String word) {
        return EVERYWHERE.getOrDefault(word.toLowerCase(Locale.ROOT), word);
    }

    /**
     * The role of a {@code from}.
     *
     * @throws IllegalArgumentException when the word is not in the table
     */
    static String ofFrom(String word) {
        String lower = word.toLowerCase(Locale.ROOT);
        String role = EVERYWHERE.getOrDefault(lower, OF_SHAREGPT.get(lower));
        if (role == null) {
            TreeSet<String> known = new TreeSet<>(EVERYWHERE.keySet());
            known.addAll(OF_SHAREGPT.keySet());
            throw new IllegalArgumentException("unknown speaker \"" + word + "\"; expected one of " + known);
        }
        return role;
    }
}
