package dev.troupe.model.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;

/** Python's int() of text and of floating-point numbers. */
final class Conversions {
    private static final int LONGEST = 4300;

    private Conversions() {}

    static BigInteger whole(double d) {
        if (Double.isNaN(d)) {
            throw PyError.value("cannot convert float NaN to integer");
        }
        if (Double.isInfinite(d)) {
            throw new PyError(PyError.Kind.OVERFLOW, "cannot convert float infinity to integer");
        }
        return new BigDecimal(d).toBigInteger();
    }

    /** int(text, base); base 0 takes it from the prefix. */
    static BigInteger integer(String given, int base) {
        if (base != 0 && (base < 2 || base > 36)) {
            throw PyError.value("int() base must be >= 2 and <= 36, or 0");
        }
        String text = Characters.asciiDigits(Characters.strip(given)).toLowerCase(Locale.ROOT);
        boolean negative = text.startsWith("-");
        if (negative || text.startsWith("+")) {
            text = text.substring(1);
        }
        int radix = base == 0 ? prefixed(text) : base;
        boolean prefix = radix != 10 && prefixed(text) == radix;
        String digits = prefix ? text.substring(text.startsWith("_", 2) ? 3 : 2) : text;
        boolean zeros = digits.chars().allMatch(c -> c == '0' || c == '_');
        boolean odd = base == 0 && radix == 10 && digits.startsWith("0") && !zeros;
        if (odd || !isNumber(digits, radix)) {
            throw PyError.value("invalid literal for int() with base " + base + ": " + Repr.repr(given));
        }
        String plain = digits.replace("_", "");
        if (plain.length() > LONGEST && Integer.bitCount(radix) != 1) {
            throw PyError.value("more than " + LONGEST + " digits");
        }
        BigInteger value = new BigInteger(plain, radix);
        return negative ? value.negate() : value;
    }

    private static int prefixed(String text) {
        return text.startsWith("0x") ? 16 : text.startsWith("0o") ? 8 : text.startsWith("0b") ? 2 : 10;
    }

    private static boolean isNumber(String digits, int radix) {
        for (int i = 0; i < digits.length(); i++) {
            char c = digits.charAt(i);
            boolean between = c == '_'
                    && i > 0
                    && i + 1 < digits.length()
                    && digits.charAt(i - 1) != '_'
                    && digits.charAt(i + 1) != '_';
            if (!between && (c > 127 || Character.digit(c, radix) < 0)) {
                return false;
            }
        }
        return !digits.isEmpty();
    }
}
