package dev.troupe.model.jinja;

import java.math.BigInteger;
import java.util.Locale;

/** Python's format specification, as in {@code '{:>8.2f}'.format(x)}. */
final class FormatSpec {
    private final Run run;
    private final String spec;
    private String fill = " ";
    private char align;
    private char sign;
    private boolean noNegativeZero;
    private boolean alternate;
    private boolean zero;
    private int width;
    private char grouping;
    private int precision = -1;
    private char type;

    private FormatSpec(Run run, String spec) {
        this.run = run;
        this.spec = spec;
    }

    /** A value by a specification. */
    static String format(Run run, Object value, String spec) {
        if (spec.isEmpty()) {
            return Repr.str(value);
        }
        if (Texts.is(value)) {
            return new FormatSpec(run, spec).parse(false).text(Texts.of(value));
        }
        if (Numbers.isInt(value)) {
            return new FormatSpec(run, spec).parse(true).integer(Numbers.integer(value));
        }
        if (value instanceof Double d) {
            return new FormatSpec(run, spec).parse(true).real(d);
        }
        throw PyError.type("unsupported format string for " + Types.name(value));
    }

    private PyError invalid(String why) {
        return PyError.value("format specification " + Repr.repr(spec) + ": " + why);
    }

    private FormatSpec parse(boolean number) {
        int[] s = spec.codePoints().toArray();
        int at = 0;
        boolean filled = false;
        if (s.length >= 2 && isAlign(s[1])) {
            fill = Character.toString(s[0]);
            align = (char) s[1];
            filled = true;
            at = 2;
        } else if (isAlign(s[0])) {
            align = (char) s[0];
            at = 1;
        }
        if (at < s.length && "+- ".indexOf(s[at]) >= 0) {
            sign = (char) s[at++];
        }
        if (at < s.length && s[at] == 'z') {
            noNegativeZero = true;
            at++;
        }
        if (at < s.length && s[at] == '#') {
            alternate = true;
            at++;
        }
        if (!filled && at < s.length && s[at] == '0') {
            fill = "0";
            zero = align == 0 && number;
            align = zero ? '=' : align;
            at++;
        }
        return parseSizes(s, at);
    }

    private FormatSpec parseSizes(int[] s, int from) {
        int at = digits(s, from);
        width = at > from ? number(s, from, at) : 0;
        while (at < s.length && (s[at] == ',' || s[at] == '_')) {
            if (grouping != 0) {
                throw invalid("one grouping character is allowed");
            }
            grouping = (char) s[at++];
        }
        if (at < s.length && s[at] == '.') {
            int end = digits(s, at + 1);
            if (end == at + 1) {
                throw invalid("the precision is missing");
            }
            precision = number(s, at + 1, end);
            at = end;
        }
        if (s.length - at > 1) {
            throw invalid("unknown");
        }
        type = at < s.length ? (char) s[at] : 0;
        boolean groups = "defgEG%F".indexOf(type) >= 0 || type == 0 || grouping == '_' && "boxX".indexOf(type) >= 0;
        if (grouping != 0 && !groups) {
            throw invalid("no grouping with this type");
        }
        return this;
    }

    private static int digits(int[] s, int from) {
        int at = from;
        while (at < s.length && s[at] >= '0' && s[at] <= '9') {
            at++;
        }
        return at;
    }

    private int number(int[] s, int from, int to) {
        return run.width(new BigInteger(new String(s, from, to - from)));
    }

    private static boolean isAlign(int c) {
        return c == '<' || c == '>' || c == '=' || c == '^';
    }

    private String text(String value) {
        if (type != 0 && type != 's') {
            throw invalid("unknown format code for str");
        }
        if (sign != 0 || alternate || noNegativeZero || grouping != 0 || align == '=') {
            throw invalid("not allowed for str");
        }
        String cut = precision >= 0 && precision < Texts.length(value) ? Texts.slice(value, 0, precision) : value;
        return padded(cut, '<');
    }

    private String padded(String text, char usual) {
        char how = align == 0 ? usual : align;
        int missing = width - Texts.length(text);
        if (missing <= 0) {
            return text;
        }
        int left = how == '<' ? 0 : how == '^' ? missing / 2 : missing;
        return fill.repeat(left) + text + fill.repeat(missing - left);
    }

    private String integer(BigInteger value) {
        if (type != 0 && "eEfFgG%".indexOf(type) >= 0) {
            return real(Numbers.real(value));
        }
        if (precision >= 0 || noNegativeZero) {
            throw invalid("no precision for integers");
        }
        if (type == 'c') {
            if (sign != 0 || alternate || value.signum() < 0 || value.bitLength() > 20 && value.intValue() > 0x10ffff) {
                throw invalid("not a character");
            }
            return padded(Character.toString(value.intValue()), '>');
        }
        String digits = switch (type) {
            case 0, 'd', 'n' -> Repr.integer(value.abs());
            case 'b' -> value.abs().toString(2);
            case 'o' -> value.abs().toString(8);
            case 'x' -> value.abs().toString(16);
            case 'X' -> value.abs().toString(16).toUpperCase(Locale.ROOT);
            default -> throw invalid("unknown format code for int");
        };
        boolean prefixed = alternate && type != 0 && "boxX".indexOf(type) >= 0;
        int group = type != 0 && "boxX".indexOf(type) >= 0 ? 4 : 3;
        return number(value.signum() < 0, prefixed ? "0" + type : "", digits, "", group);
    }

    private String real(double given) {
        double value = type == '%' ? given * 100 : given;
        if (type != 0 && "eEfFgGn%".indexOf(type) < 0) {
            throw invalid("unknown format code for float");
        }
        char kind = type == '%' ? 'f' : type == 'n' ? 'g' : type == 0 ? (precision < 0 ? 'r' : 'g') : type;
        FloatFormat format = new FloatFormat(kind, precision < 0 ? 6 : precision, alternate, type == 0);
        String text = format.format(value);
        int end = 0;
        while (end < text.length() && Character.isDigit(text.charAt(end))) {
            end++;
        }
        boolean negative = (value < 0 || 1 / value < 0) && !Double.isNaN(value);
        if (noNegativeZero && text.chars().noneMatch(c -> c >= '1' && c <= '9' || c == 'i' || c == 'n')) {
            negative = false;
        }
        String tail = text.substring(end) + (type == '%' ? "%" : "");
        return number(negative, "", text.substring(0, end), tail, 3);
    }

    private String number(boolean negative, String prefix, String whole, String tail, int group) {
        String front = (negative ? "-" : sign == '+' ? "+" : sign == ' ' ? " " : "") + prefix;
        boolean inside = align == '=';
        int least = inside && fill.equals("0") ? width - front.length() - tail.length() : 0;
        String digits = grouping == 0 ? whole : grouped(whole, group, least);
        if (!inside) {
            return padded(front + digits + tail, '>');
        }
        int missing = width - front.length() - digits.length() - tail.length();
        return front + fill.repeat(Math.max(0, missing)) + digits + tail;
    }

    private String grouped(String digits, int group, int least) {
        StringBuilder out = new StringBuilder();
        int left = digits.length();
        int wanted = least;
        if (left == 0) {
            return digits;
        }
        while (true) {
            int size = Math.min(group, Math.max(Math.max(left, wanted), 1));
            int taken = Math.max(0, Math.min(left, size));
            out.insert(0, "0".repeat(size - taken) + digits.substring(left - taken, left));
            left -= taken;
            wanted -= size;
            if (left <= 0 && wanted <= 0) {
                return out.toString();
            }
            out.insert(0, grouping);
            wanted--;
        }
    }
}
