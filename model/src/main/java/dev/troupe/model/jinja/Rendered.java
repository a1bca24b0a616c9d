package dev.troupe.model.jinja;

import java.util.List;

/**
 * What a template made.
 *
 * @param text the text
 * @param generated what {@code generation} tags enclose, as the tags end
 * @param allFound whether {@code generated} holds every generation tag: the place of one inside a macro, a set block or
 *     a filter block is not known
 */
public record Rendered(String text, List<Range> generated, boolean allFound) {
    /**
     * A part of the text, in Java's chars.
     *
     * @param start its first char
     * @param end the char behind its last one
     */
    public record Range(int start, int end) {}
}
