package dev.troupe.model.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/** Floating-point numbers as Python writes them. */
final class Floats {
    /** Digits that always suffice. */
    private static final int MOST_DIGITS = 17;

    private Floats() {}

    /** The shortest text that reads as the same number. */
    static String repr(double d) {
        if (Double.isNaN(d)) {
            return "nan";
        }
        if (Double.isInfinite(d)) {
            return d > 0 ? "inf" : "-inf";
        }
        String sign = d < 0 || 1 / d < 0 ? "-" : "";
        if (d == 0) {
            return sign + "0.0";
        }
        BigDecimal shortest = shortest(Math.abs(d));
        String digits = shortest.unscaledValue().toString();
        int point = digits.length() - shortest.scale();
        digits = digits.replaceFirst("0+$", "");
        if (point > 16 || point <= -4) {
            int exponent = point - 1;
            String rest = digits.length() > 1 ? "." + digits.substring(1) : "";
            return sign + digits.charAt(0) + rest + "e" + (exponent < 0 ? "-" : "+")
                    + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
        }
        if (point <= 0) {
            return sign + "0." + "0".repeat(-point) + digits;
        }
        if (point >= digits.length()) {
            return sign + digits + "0".repeat(point - digits.length()) + ".0";
        }
        return sign + digits.substring(0, point) + "." + digits.substring(point);
    }

    private static BigDecimal shortest(double d) {
        BigDecimal exact = new BigDecimal(d);
        for (int digits = 1; digits < MOST_DIGITS; digits++) {
            BigDecimal nearest = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (nearest.doubleValue() == d) {
                return nearest;
            }
            BigDecimal up = exact.round(new MathContext(digits, RoundingMode.UP));
            if (up.doubleValue() == d) {
                return up;
            }
        }
        return exact.round(new MathContext(MOST_DIGITS, RoundingMode.HALF_EVEN));
    }

    /** A number from text by Python's rules for float(). */
    static double parse(String text) {
        String plain = Characters.asciiDigits(Characters.strip(text));
        String lower = plain.toLowerCase(java.util.Locale.ROOT);
        if (lower.matches("[+-]?(inf|infinity|nan)")) {
            return lower.endsWith("nan")
                    ? Double.NaN
                    : lower.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        if (!isNumber(lower)) {
            throw PyError.value("could not convert string to float: " + Repr.repr(text));
        }
        return Double.parseDouble(lower.replace("_", ""));
    }

    private static boolean isNumber(String text) {
        int at = text.startsWith("+") || text.startsWith("-") ? 1 : 0;
        int whole = digits(text, at);
        int point = whole;
        int end = whole;
        if (point < text.length() && text.charAt(point) == '.') {
            end = digits(text, point + 1);
            if (whole == at && end == point + 1) {
                return false;
            }
        } else if (whole == at) {
            return false;
        }
        if (end < text.length() && text.charAt(end) == 'e') {
            int sign = end + 1 < text.length() && "+-".indexOf(text.charAt(end + 1)) >= 0 ? 1 : 0;
            int exponent = digits(text, end + 1 + sign);
            return exponent > end + 1 + sign && exponent == text.length();
        }
        return end == text.length();
    }

    /** The end of the digits from {@code at}, single underscores between them included. */
    private static int digits(String text, int at) {
        int end = at;
        while (end < text.length()
                && (isDigit(text, end)
                        || text.charAt(end) == '_' && end > at && isDigit(text, end - 1) && isDigit(text, end + 1))) {
            end++;
        }
        return end;
    }

    private static boolean isDigit(String text, int at) {
        return at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9';
    }
}
