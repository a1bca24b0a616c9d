package dev.troupe.model.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Locale;

/** Python's {@code 'format' % values}. */
final class Percent {
    private final Run run;
    private final String format;
    private final boolean escape;
    private final Object given;
    private final boolean mapping;
    private List<Object> values;
    private int used;
    private int at;

    private boolean left;
    private boolean zero;
    private boolean alternate;
    private char sign;
    private int width;
    private int precision;

    /**
     * @param format text or Markup; Markup escapes what is put in
     */
    Percent(Run run, Object format, Object given) {
        this.run = run;
        this.format = Texts.of(format);
        this.escape = format instanceof Markup;
        this.given = given;
        this.values = given instanceof PyTuple tuple ? tuple.items() : List.of(given);
        this.mapping = !(given instanceof PyTuple)
                && !Texts.is(given)
                && (Types.subscriptable(given) || escape && given instanceof Undefined);
    }

    String apply() {
        StringBuilder out = new StringBuilder();
        while (at < format.length()) {
            char c = format.charAt(at++);
            if (c == '%') {
                conversion(out);
                Run.checkLength(out.length());
            } else {
                out.append(c);
            }
        }
        if (used < values.size() && !mapping) {
            throw PyError.type("not all arguments converted during string formatting");
        }
        return run.text(out.toString());
    }

    private char next() {
        if (at >= format.length()) {
            throw PyError.value("incomplete format");
        }
        return format.charAt(at++);
    }

    private Object value() {
        if (used >= values.size()) {
            throw PyError.type("not enough arguments for format string");
        }
        return values.get(used++);
    }

    private void conversion(StringBuilder out) {
        if (at < format.length() && format.charAt(at) == '(') {
            key();
        }
        char c = sizes(flags());
        if (c == 'h' || c == 'l' || c == 'L') {
            c = next();
        }
        if (c == '%') {
            out.append('%');
            return;
        }
        Object value = value();
        out.append(
                switch (c) {
                    case 's' -> text(str(value));
                    case 'r' -> text(quoted(Repr.repr(value)));
                    case 'a' -> text(quoted(Quoting.ascii(Repr.repr(value))));
                    case 'c' -> padded("", "", character(value), false);
                    case 'd', 'i', 'u', 'x', 'X', 'o' -> integer(c, value);
                    case 'e', 'E', 'f', 'F', 'g', 'G' -> real(c, value);
                    default -> throw PyError.value("unsupported format character " + Repr.repr(String.valueOf(c)));
                });
    }

    private String str(Object value) {
        return escape ? Markup.escape(value).text() : Repr.str(value);
    }

    private String quoted(String repr) {
        return escape ? Markup.escape(repr).text() : repr;
    }

    private void key() {
        if (!mapping) {
            throw PyError.type("format requires a mapping");
        }
        int open = 1;
        int from = ++at;
        while (open > 0) {
            char c = next();
            open += c == '(' ? 1 : c == ')' ? -1 : 0;
        }
        values = List.of(Items.get(given, format.substring(from, at - 1)));
        used = 0;
    }

    private char flags() {
        left = false;
        zero = false;
        alternate = false;
        sign = 0;
        while (true) {
            char c = next();
            switch (c) {
                case '-' -> left = true;
                case '0' -> zero = true;
                case '#' -> alternate = true;
                case '+' -> sign = '+';
                case ' ' -> sign = sign == '+' ? '+' : ' ';
                default -> {
                    return c;
                }
            }
        }
    }

    private char sizes(char first) {
        char c = first;
        width = 0;
        precision = -1;
        if (c == '*') {
            int given = size(value());
            left |= given < 0;
            width = run.width(Numbers.of(Math.abs((long) given)));
            c = next();
        } else if (Character.digit(c, 10) >= 0) {
            at--;
            width = number();
            c = next();
        }
        if (c == '.') {
            c = next();
            if (c == '*') {
                precision = run.width(Numbers.of(Math.max(0, size(value()))));
                c = next();
            } else {
                at--;
                precision = number();
                c = next();
            }
        }
        return c;
    }

    private static int size(Object value) {
        if (!Numbers.isInt(value)) {
            throw PyError.type("* wants int");
        }
        if (Numbers.integer(value).bitLength() > 31) {
            throw new PyError(PyError.Kind.OVERFLOW, "a width or precision that is too large");
        }
        return Numbers.clipped(value);
    }

    private int number() {
        int from = at;
        while (at < format.length() && format.charAt(at) >= '0' && format.charAt(at) <= '9') {
            at++;
        }
        return at == from ? 0 : run.width(new BigInteger(format.substring(from, at)));
    }

    private String text(String text) {
        boolean cut = precision >= 0 && precision < Texts.length(text);
        return padded("", "", cut ? Texts.slice(text, 0, precision) : text, false);
    }

    private String character(Object value) {
        if (Texts.is(value) && Texts.length(Texts.of(value)) == 1 && !escape) {
            return Texts.of(value);
        }
        if (!Numbers.isInt(value) || escape) {
            throw PyError.type("%c requires int or char");
        }
        int point = Numbers.clipped(value);
        if (point < 0 || point > 0x10ffff) {
            throw new PyError(PyError.Kind.OVERFLOW, "%c arg not in range(0x110000)");
        }
        return Character.toString(point);
    }

    private String integer(char type, Object value) {
        BigInteger i = whole(type, value);
        String digits = switch (type) {
            case 'x' -> i.abs().toString(16);
            case 'X' -> i.abs().toString(16).toUpperCase(Locale.ROOT);
            case 'o' -> i.abs().toString(8);
            default -> Repr.integer(i.abs());
        };
        String prefix = alternate && "xXo".indexOf(type) >= 0 ? "0" + type : "";
        digits = "0".repeat(Math.max(0, precision - digits.length())) + digits;
        return padded(sign(i.signum() < 0), prefix, digits, zero);
    }

    private BigInteger whole(char type, Object value) {
        boolean decimal = type == 'd' || type == 'i' || type == 'u';
        if (value instanceof Double d && decimal) {
            return Conversions.whole(d);
        }
        if (value instanceof Undefined undefined && decimal) {
            throw undefined.failure();
        }
        if (escape && Texts.is(value) && decimal) {
            return Conversions.integer(Texts.of(value), 10);
        }
        if (!Numbers.isInt(value) || escape && !decimal) {
            throw PyError.type("%" + type + " format: a number is required, not " + Types.name(value));
        }
        return Numbers.integer(value);
    }

    private String real(char type, Object value) {
        double d;
        if (Numbers.is(value)) {
            d = Numbers.real(value);
        } else if (value instanceof Undefined undefined) {
            throw undefined.failure();
        } else if (escape && Texts.is(value)) {
            d = Floats.parse(Texts.of(value));
        } else {
            throw PyError.type("must be real number, not " + Types.name(value));
        }
        String text = new FloatFormat(type, precision < 0 ? 6 : precision, alternate, false).format(d);
        boolean negative = d < 0 || d == 0 && 1 / d < 0;
        return padded(sign(negative), "", text, zero);
    }

    private String sign(boolean negative) {
        return negative ? "-" : sign == 0 ? "" : String.valueOf(sign);
    }

    private String padded(String front, String prefix, String text, boolean zeros) {
        int missing = width - front.length() - prefix.length() - Texts.length(text);
        if (missing <= 0) {
            return front + prefix + text;
        }
        if (left) {
            return front + prefix + text + " ".repeat(missing);
        }
        return zeros ? front + prefix + "0".repeat(missing) + text : " ".repeat(missing) + front + prefix + text;
    }
}
