package dev.troupe.data.sources;

/**
 * Two answers to one prompt, of which one is liked better: texts to a text, or turns to a dialogue.
 *
 * @param prompt what both answer
 * @param chosen the better one
 * @param rejected the worse one
 * @param margin by how much the chosen one's score should be above the other's; 0 where a file does not say
 */
public record PreferencePair(Prompt prompt, Reply chosen, Reply rejected, double margin) {
    /** Of texts. */
    public PreferencePair(String prompt, String chosen, String rejected, double margin) {
        this(new Prompt(0, prompt), new Reply(chosen), new Reply(rejected), margin);
    }
}
