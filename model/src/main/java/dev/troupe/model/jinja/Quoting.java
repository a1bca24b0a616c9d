package dev.troupe.model.jinja;

/** Text as Python's repr quotes it. */
final class Quoting {
    private Quoting() {}

    static void append(StringBuilder out, String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> {
            if (c == quote || c == '\\') {
                out.append('\\').appendCodePoint(c);
            } else if (c == '\n') {
                out.append("\\n");
            } else if (c == '\r') {
                out.append("\\r");
            } else if (c == '\t') {
                out.append("\\t");
            } else if (Characters.isPrintable(c)) {
                out.appendCodePoint(c);
            } else {
                out.append(escape(c));
            }
        });
        out.append(quote);
    }

    /** As repr, with every character outside ASCII escaped. */
    static String ascii(String repr) {
        StringBuilder out = new StringBuilder();
        repr.codePoints().forEach(c -> out.append(c < 128 ? Character.toString(c) : escape(c)));
        return out.toString();
    }

    static String escape(int c) {
        return c < 0x100
                ? String.format("\\x%02x", c)
                : c < 0x10000 ? String.format("\\u%04x", c) : String.format("\\U%08x", c);
    }
}
