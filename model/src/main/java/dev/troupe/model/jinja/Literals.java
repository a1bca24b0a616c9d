package dev.troupe.model.jinja;

/** The escapes of string literals. */
final class Literals {
    private static final String LETTERS = "\\'\"abfnrtv";
    private static final String MEANING = "\\'\"\u0007\b\f\n\r\t\u000b";

    private final String text;
    private final int line;
    private int at;

    private Literals(String text, int line) {
        this.text = text;
        this.line = line;
    }

    /** What a literal's text between its quotes means. */
    static String unescape(String text, int line) {
        return text.indexOf('\\') < 0 ? text : new Literals(text, line).unescape();
    }

    private String unescape() {
        StringBuilder out = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '\\') {
                escape(out);
            } else {
                out.append(c);
            }
        }
        return out.toString();
    }

    private void escape(StringBuilder out) {
        int c = text.codePointAt(at);
        at += Character.charCount(c);
        int letter = LETTERS.indexOf(c);
        if (letter >= 0) {
            out.append(MEANING.charAt(letter));
        } else if (c >= '0' && c <= '7') {
            int end = at;
            while (end < text.length() && end < at + 2 && text.charAt(end) >= '0' && text.charAt(end) <= '7') {
                end++;
            }
            out.appendCodePoint(Integer.parseInt(text.substring(at - 1, end), 8));
            at = end;
        } else if (c == 'x' || c == 'u' || c == 'U') {
            out.appendCodePoint(hex(c == 'x' ? 2 : c == 'u' ? 4 : 8));
        } else if (c == 'N') {
            out.appendCodePoint(named());
        } else if (c != '\n') {
            out.append('\\')
                    .append(c < 128 ? Character.toString(c) : Quoting.escape(c).substring(1));
        }
    }

    private int hex(int digits) {
        int end = at + digits;
        if (end > text.length() || !text.substring(at, end).matches("[0-9a-fA-F]+")) {
            throw PyError.syntax(
                    "a string has a shortened \\x, \\u or \\U escape: expected " + digits + " digits", line);
        }
        long point = Long.parseLong(text.substring(at, end), 16);
        if (point > Character.MAX_CODE_POINT) {
            throw PyError.syntax("a string has an escape beyond the last Unicode character", line);
        }
        at = end;
        return (int) point;
    }

    private int named() {
        int end = text.indexOf('}', at);
        if (end < 0 || text.charAt(at) != '{') {
            throw PyError.syntax("a string has a malformed \\N escape: expected \\N{name}", line);
        }
        try {
            int point = Character.codePointOf(text.substring(at + 1, end));
            at = end + 1;
            return point;
        } catch (IllegalArgumentException e) {
            throw PyError.syntax("a string names an unknown character: " + text.substring(at, end + 1), line);
        }
    }
}
