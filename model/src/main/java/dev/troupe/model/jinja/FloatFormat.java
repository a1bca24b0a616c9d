package dev.troupe.model.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/**
 * Floating-point numbers by the types e, f and g of Python's format strings.
 *
 * @param type one of efgEFG, or r for the shortest text
 * @param precision digits; not used by r
 * @param alternate whether to keep the point and the zeros at the end
 * @param point whether a whole number ends with .0
 */
record FloatFormat(char type, int precision, boolean alternate, boolean point) {
    /** The number without its sign. */
    String format(double value) {
        double d = Math.abs(value);
        String text = Double.isNaN(d) ? "nan" : Double.isInfinite(d) ? "inf" : finite(d);
        return Character.isUpperCase(type) ? text.toUpperCase(Locale.ROOT) : text;
    }

    private String finite(double d) {
        return switch (Character.toLowerCase(type)) {
            case 'r' -> Floats.repr(d);
            case 'f' -> fixed(new BigDecimal(d).setScale(precision, RoundingMode.HALF_EVEN));
            case 'e' -> scientific(rounded(d, precision + 1), precision);
            default -> general(d);
        };
    }

    private static BigDecimal rounded(double d, int digits) {
        return new BigDecimal(d).round(new MathContext(digits, RoundingMode.HALF_EVEN));
    }

    private String fixed(BigDecimal value) {
        String text = value.toPlainString();
        return alternate && text.indexOf('.') < 0 ? text + "." : text;
    }

    private String scientific(BigDecimal value, int decimals) {
        String digits = value.unscaledValue().toString();
        int exponent = value.signum() == 0 ? 0 : digits.length() - 1 - value.scale();
        if (value.signum() == 0) {
            digits = "0";
        }
        if (digits.length() <= decimals) {
            digits = digits + "0".repeat(decimals + 1 - digits.length());
        }
        String fraction = digits.substring(1, decimals + 1);
        return digits.charAt(0) + (fraction.isEmpty() && !alternate ? "" : "." + fraction) + exponent(exponent);
    }

    private static String exponent(int exponent) {
        return (exponent < 0 ? "e-" : "e+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }

    private String general(double d) {
        int digits = Math.max(1, precision);
        BigDecimal value = rounded(d, digits);
        int decimalPoint = value.signum() == 0 ? 1 : value.precision() - value.scale();
        if (decimalPoint <= -4 || decimalPoint > digits - (point ? 1 : 0)) {
            String text = scientific(value, digits - 1);
            return alternate ? text : shortened(text);
        }
        String text = value.signum() == 0
                ? BigDecimal.ZERO.setScale(digits - 1).toPlainString()
                : value.setScale(Math.max(0, digits - decimalPoint), RoundingMode.HALF_EVEN)
                        .toPlainString();
        if (alternate) {
            return text.indexOf('.') < 0 ? text + "." : text;
        }
        text = shortened(text);
        return point && text.indexOf('.') < 0 ? text + ".0" : text;
    }

    /** Without zeros at the end of the fraction. */
    private static String shortened(String text) {
        int e = text.indexOf('e');
        String number = e < 0 ? text : text.substring(0, e);
        if (number.indexOf('.') >= 0) {
            int end = number.length();
            while (number.charAt(end - 1) == '0') {
                end--;
            }
            number = number.substring(0, number.charAt(end - 1) == '.' ? end - 1 : end);
        }
        return e < 0 ? number : number + text.substring(e);
    }
}
