package dev.troupe.model.jinja;

import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One rendering: its names, its date and what bounds it. */
final class Run {
    static final int LONGEST_TEXT = 16 << 20;
    static final int DEEPEST_DATA = 200;
    private static final int MOST_STEPS = 10_000_000;
    private static final long MOST_CHARACTERS = 1L << 28;
    private static final int MOST_ITEMS = 1 << 22;
    private static final int DEEPEST = 1000;
    private static final int DEEPEST_CALLS = 150;

    private final Map<String, Object> given;
    private final Map<String, Object> exported = new HashMap<>();
    private final ZonedDateTime now;
    private int steps;
    private long characters;
    private int depth;
    private int calls;
    private boolean folding;
    private boolean lostGeneration;

    Run(Map<String, Object> given, ZonedDateTime now) {
        this.given = given;
        this.now = now;
    }

    /** A run in which constants are computed while a template is compiled. */
    static Run folding() {
        Run run = new Run(Map.of(), ZonedDateTime.now(java.time.ZoneOffset.UTC));
        run.folding = true;
        return run;
    }

    boolean isFolding() {
        return folding;
    }

    /** A generation tag whose text was moved after it was made. */
    void lostGeneration() {
        lostGeneration = true;
    }

    boolean hasLostGeneration() {
        return lostGeneration;
    }

    void exportUnlessMissing(String name, Object value) {
        if (value != Missing.MISSING) {
            exported.put(name, value);
        }
    }

    ZonedDateTime now() {
        return now;
    }

    /** A name's value in the template's outermost scope, or {@link Missing}. */
    Object resolve(String name) {
        Object set = exported.get(name);
        return set != null && set != Missing.MISSING ? set : given.getOrDefault(name, Missing.MISSING);
    }

    /** What the template sets outside of loops and macros is seen by its blocks. */
    void export(String name, Object value) {
        exported.put(name, value);
    }

    /** A rendering of a scoped block: it sees these names as well. */
    Map<String, Object> exportedCopy() {
        return new HashMap<>(exported);
    }

    void restore(Map<String, Object> names) {
        exported.clear();
        exported.putAll(names);
    }

    void enter() {
        if (++steps > MOST_STEPS) {
            throw PyError.limit("the template ran for more than " + MOST_STEPS + " steps: does a loop never end?");
        }
        if (++depth > DEEPEST) {
            throw PyError.limit("expressions and calls are nested deeper than " + DEEPEST + " levels");
        }
    }

    void leave() {
        depth--;
    }

    void enterCall() {
        if (++calls > DEEPEST_CALLS) {
            throw PyError.limit("macros and recursive loops call themselves deeper than " + DEEPEST_CALLS + " levels");
        }
    }

    void leaveCall() {
        calls--;
    }

    /** A text that was made, counted. */
    String text(String text) {
        length(text.length());
        return text;
    }

    /** Checks the length of a text before it is made. */
    void length(long length) {
        checkLength(length);
        characters += length;
        if (characters > MOST_CHARACTERS) {
            throw PyError.limit("the template made more than " + MOST_CHARACTERS + " characters of intermediate text");
        }
    }

    static void checkLength(long length) {
        if (length > LONGEST_TEXT) {
            throw PyError.limit("a text of more than " + LONGEST_TEXT + " characters");
        }
    }

    /** Counts the items of a list before it is made. */
    void items(long count) {
        if (count > MOST_ITEMS) {
            throw PyError.limit("a list of more than " + MOST_ITEMS + " items");
        }
        length(count);
    }

    /** A width or a precision that makes text. */
    int width(Object value) {
        int width = Numbers.size(value);
        checkLength(width);
        return width;
    }

    PyList list(List<String> items) {
        items(items.size());
        return new PyList(List.copyOf(items));
    }

    static void checkDataDepth(int depth) {
        if (depth > DEEPEST_DATA) {
            throw PyError.limit("data nested deeper than " + DEEPEST_DATA + " levels");
        }
    }
}
