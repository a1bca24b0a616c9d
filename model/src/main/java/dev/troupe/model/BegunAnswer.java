package dev.troupe.model;

import java.util.regex.Pattern;

/**
 * A dialogue whose last turn is the beginning of an answer, as a text that ends with that beginning: the template
 * renders the turn with a mark at its end, and the text is cut where the mark comes out.
 */
final class BegunAnswer {
    /** As transformers marks it; a template that trims what is said takes the space away. */
    private static final String MARK = "CONTINUE_FINAL_MESSAGE_TAG";
    /** White space as Python's {@code strip} knows it. */
    private static final String SPACE = "[\\s\\x{1c}-\\x{1f}\\x{85}\\p{Z}]+";

    private static final Pattern AROUND = Pattern.compile("\\A" + SPACE + "|" + SPACE + "\\z");
    private static final Pattern AFTER = Pattern.compile(SPACE + "\\z");

    private BegunAnswer() {}

    /** @throws ModelException when the template drops the beginning, or says it in other words */
    static String of(ChatTemplate template, Dialogue dialogue) {
        String begun = dialogue.last().content();
        Dialogue marked = dialogue.withLast(dialogue.last().saying(begun + MARK + " "));
        String text = template.render(marked, false);
        int end = text.lastIndexOf(MARK);
        if (end < 0 || !text.contains(AROUND.matcher(begun).replaceAll(""))) {
            throw new ModelException(
                    "the chat template drops the beginning of the answer that is to be gone on with: \"" + begun
                            + "\"; end the prompt with a turn to answer");
        }
        String before = text.substring(0, end);
        return text.startsWith(MARK + " ", end) ? before : AFTER.matcher(before).replaceAll("");
    }
}
