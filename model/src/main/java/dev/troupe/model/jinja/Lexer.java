package dev.troupe.model.jinja;

import java.math.BigInteger;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Cuts a template into tokens, with trim_blocks and lstrip_blocks as transformers sets them. */
final class Lexer {
    private static final String TWO = "// ** == != >= <=";
    private static final String ONE = "+-/*%~[](){}><=.:|,;";

    private final String source;
    private final List<Token> tokens = new ArrayList<>();
    private final Deque<Character> open = new ArrayDeque<>();
    private int at;
    private int line = 1;
    private int lineStart;
    private int counted;

    private Lexer(String source) {
        String lines = source.replace("\r\n", "\n").replace('\r', '\n');
        this.source = lines.endsWith("\n") ? lines.substring(0, lines.length() - 1) : lines;
    }

    static List<Token> tokens(String source) {
        Lexer lexer = new Lexer(source);
        lexer.root();
        lexer.add(Token.Type.EOF, "", lexer.source.length());
        return lexer.tokens;
    }

    private void add(Token.Type type, Object value, int from) {
        count(from);
        tokens.add(new Token(type, value, line, from - lineStart + 1));
    }

    private void count(int to) {
        for (; counted < to; counted++) {
            if (source.charAt(counted) == '\n') {
                line++;
                lineStart = counted + 1;
            }
        }
    }

    private PyError fail(String message, int where) {
        count(where);
        return PyError.syntax(message + " (column " + (where - lineStart + 1) + ")", line);
    }

    private boolean has(String text, int index) {
        return source.startsWith(text, index);
    }

    private int skipSpace(int from) {
        int to = from;
        while (to < source.length() && Characters.isSpace(source.charAt(to))) {
            to++;
        }
        return to;
    }

    private void root() {
        while (at < source.length()) {
            int tag = nextTag(at);
            if (tag < 0) {
                add(Token.Type.DATA, source.substring(at), at);
                at = source.length();
                return;
            }
            char kind = source.charAt(tag + 1);
            int raw = kind == '%' ? rawBegin(tag) : -1;
            data(at, tag, kind == '{');
            if (raw >= 0) {
                at = raw;
                raw();
                continue;
            }
            at = tag + 2;
            if (at < source.length() && "+-".indexOf(source.charAt(at)) >= 0) {
                at++;
            }
            if (kind == '#') {
                comment();
            } else {
                add(kind == '%' ? Token.Type.BLOCK_BEGIN : Token.Type.VARIABLE_BEGIN, "", tag);
                code(kind == '%');
            }
        }
    }

    private int nextTag(int from) {
        for (int i = source.indexOf('{', from); i >= 0; i = source.indexOf('{', i + 1)) {
            if (i + 1 < source.length() && "%{#".indexOf(source.charAt(i + 1)) >= 0) {
                return i;
            }
        }
        return -1;
    }

    /** The text before a tag, without the white space that the tag takes. */
    private void data(int from, int tag, boolean variable) {
        String text = source.substring(from, tag);
        char sign = tag + 2 < source.length() ? source.charAt(tag + 2) : 0;
        if (sign == '-') {
            text = Characters.stripEnd(text);
        } else if (sign != '+' && !variable) {
            int start = text.lastIndexOf('\n') + 1;
            boolean lineStarts = start > 0 || from == 0 || source.charAt(from - 1) == '\n';
            if (lineStarts && Characters.strip(text.substring(start)).isEmpty()) {
                text = text.substring(0, start);
            }
        }
        if (!text.isEmpty()) {
            add(Token.Type.DATA, text, from);
        }
    }

    /** The end of a raw tag, or -1. */
    private int rawBegin(int tag) {
        int i = tag + 2;
        if (i < source.length() && "+-".indexOf(source.charAt(i)) >= 0) {
            i++;
        }
        i = skipSpace(i);
        if (!has("raw", i)) {
            return -1;
        }
        i = skipSpace(i + 3);
        return has("-%}", i) ? skipSpace(i + 3) : has("%}", i) ? i + 2 : -1;
    }

    private void raw() {
        for (int i = source.indexOf("{%", at); i >= 0; i = source.indexOf("{%", i + 1)) {
            int name = i + 2 < source.length() && "+-".indexOf(source.charAt(i + 2)) >= 0 ? i + 3 : i + 2;
            name = skipSpace(name);
            if (has("endraw", name)) {
                int end = blockEnd(skipSpace(name + 6));
                if (end >= 0) {
                    data(at, i, false);
                    at = end;
                    return;
                }
            }
        }
        if (at < source.length()) {
            throw fail("Missing end of raw directive", at);
        }
    }

    /** The end of a block's closing sign at an index, or -1. */
    private int blockEnd(int i) {
        if (has("+%}", i)) {
            return i + 3;
        }
        if (has("-%}", i)) {
            return skipSpace(i + 3);
        }
        return has("%}", i) ? (has("\n", i + 2) ? i + 3 : i + 2) : -1;
    }

    private void comment() {
        int end = source.indexOf("#}", at);
        if (end < 0) {
            if (at < source.length()) {
                throw fail("Missing end of comment tag", at);
            }
            return;
        }
        char sign = end > at ? source.charAt(end - 1) : 0;
        at = sign == '-' ? skipSpace(end + 2) : sign != '+' && has("\n", end + 2) ? end + 3 : end + 2;
    }

    private void code(boolean block) {
        open.clear();
        while (at < source.length()) {
            if (open.isEmpty()) {
                int end = block ? blockEnd(at) : has("-}}", at) ? skipSpace(at + 3) : has("}}", at) ? at + 2 : -1;
                if (end >= 0) {
                    add(block ? Token.Type.BLOCK_END : Token.Type.VARIABLE_END, "", at);
                    at = end;
                    return;
                }
            }
            int c = source.codePointAt(at);
            if (Characters.isSpace(c)) {
                at = skipSpace(at);
            } else if (c >= '0' && c <= '9') {
                number();
            } else if (isNamePart(c)) {
                name();
            } else if (c == '\'' || c == '"') {
                string();
            } else {
                operator();
            }
        }
    }

    private static boolean isNamePart(int c) {
        return Characters.isWord(c)
                || c > 127 && Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c);
    }

    private void name() {
        int from = at;
        while (at < source.length() && isNamePart(source.codePointAt(at))) {
            at += Character.charCount(source.codePointAt(at));
        }
        String name = source.substring(from, at);
        if (!Characters.isIdentifier(name)) {
            throw fail("Invalid character in identifier " + name, from);
        }
        add(Token.Type.NAME, name, from);
    }

    private void string() {
        char quote = source.charAt(at);
        int end = at + 1;
        while (end < source.length() && source.charAt(end) != quote) {
            end += source.charAt(end) == '\\' ? 2 : 1;
        }
        if (end >= source.length()) {
            throw fail("a string is not closed: expected " + quote, at);
        }
        count(at);
        add(Token.Type.STRING, Literals.unescape(source.substring(at + 1, end), line), at);
        at = end + 1;
    }

    private void operator() {
        int from = at;
        String two = source.substring(at, Math.min(at + 2, source.length()));
        String sign = two.length() == 2 && TWO.contains(two) && two.indexOf(' ') < 0 ? two : two.substring(0, 1);
        if (sign.length() == 1 && ONE.indexOf(sign) < 0) {
            throw fail("unexpected char " + Repr.repr(Character.toString(source.codePointAt(at))), at);
        }
        at += sign.length();
        char c = sign.charAt(0);
        int opening = "({[".indexOf(c);
        if (opening >= 0) {
            open.push(")}]".charAt(opening));
        } else if (")}]".indexOf(c) >= 0 && (open.isEmpty() || open.pop() != c)) {
            throw fail("unexpected '" + c + "'", from);
        }
        add(Token.Type.OPERATOR, sign, from);
    }

    private void number() {
        int from = at;
        int end = floatEnd();
        if (end >= 0) {
            at = end;
            add(Token.Type.FLOAT, Double.parseDouble(source.substring(from, end).replace("_", "")), from);
            return;
        }
        char second = at + 1 < source.length() ? Character.toLowerCase(source.charAt(at + 1)) : 0;
        int radix = source.charAt(at) != '0' ? 10 : second == 'x' ? 16 : second == 'o' ? 8 : second == 'b' ? 2 : 10;
        int prefixed = radix == 10 ? from : digits(from + 2, radix, true);
        if (radix != 10 && prefixed > from + 2) {
            at = prefixed;
            add(
                    Token.Type.INTEGER,
                    new BigInteger(source.substring(from + 2, at).replace("_", ""), radix),
                    from);
            return;
        }
        at = source.charAt(from) == '0' ? zeros(from) : digits(from, 10, false);
        String text = source.substring(from, at).replace("_", "");
        if (text.length() > 4300) {
            throw fail("an integer of more than 4300 digits", from);
        }
        add(Token.Type.INTEGER, new BigInteger(text), from);
    }

    private int zeros(int from) {
        int end = from + 1;
        while (has("0", end) || has("_0", end)) {
            end += has("0", end) ? 1 : 2;
        }
        return end;
    }

    /** The end of digits with single underscores between them. */
    private int digits(int from, int radix, boolean underscoreFirst) {
        int end = from;
        while (end < source.length()) {
            boolean underscore = source.charAt(end) == '_' && (end > from || underscoreFirst);
            int digit = underscore ? end + 1 : end;
            if (digit >= source.length()
                    || source.charAt(digit) > 127
                    || Character.digit(source.charAt(digit), radix) < 0) {
                return end;
            }
            end = digit + 1;
        }
        return end;
    }

    /** The end of a floating-point number, or -1. */
    private int floatEnd() {
        if (at > 0 && source.charAt(at - 1) == '.') {
            return -1;
        }
        int whole = digits(at, 10, false);
        int fraction = has(".", whole) ? digits(whole + 1, 10, false) : whole;
        boolean hasFraction = fraction > whole + 1;
        int end = hasFraction ? fraction : whole;
        if (has("e", end) || has("E", end)) {
            int sign = has("+", end + 1) || has("-", end + 1) ? end + 2 : end + 1;
            int exponent = digits(sign, 10, false);
            if (exponent > sign) {
                return exponent;
            }
        }
        return hasFraction ? end : -1;
    }
}
