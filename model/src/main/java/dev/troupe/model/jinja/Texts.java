package dev.troupe.model.jinja;

/** Text values: Java strings and {@link Markup}. Lengths and indices count code points. */
final class Texts {
    private Texts() {}

    static boolean is(Object value) {
        return value instanceof String || value instanceof Markup;
    }

    /** The text of a text value. */
    static String of(Object value) {
        if (value instanceof String text) {
            return text;
        }
        if (value instanceof Markup markup) {
            return markup.text();
        }
        throw PyError.type("expected text, got " + Types.name(value));
    }

    /** Text of a value that need not be text, as Python's str; keeps whether it is Markup. */
    static Object soft(Object value) {
        return is(value) ? value : Repr.str(value);
    }

    /** Text of the same kind as another. */
    static Object like(Object model, String text) {
        return model instanceof Markup ? new Markup(text) : text;
    }

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** The char index of a code point's index, which may be the length. */
    static int offset(String text, int index) {
        return text.offsetByCodePoints(0, index);
    }

    static String slice(String text, int from, int to) {
        if (from >= to) {
            return "";
        }
        int start = offset(text, from);
        return text.substring(start, text.offsetByCodePoints(start, to - from));
    }

    static String at(String text, int index) {
        return Character.toString(text.codePointAt(offset(text, index)));
    }
}
