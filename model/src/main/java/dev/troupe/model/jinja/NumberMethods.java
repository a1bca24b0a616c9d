package dev.troupe.model.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;

/** The attributes of Python's int and float. */
final class NumberMethods {
    private NumberMethods() {}

    static Object find(Object self, String name) {
        Object found = lookup(self, name);
        return found instanceof Function method ? method.named(name, self) : found;
    }

    private static Object lookup(Object self, String name) {
        return switch (name) {
            case "real" -> self instanceof Double ? self : Numbers.integer(self);
            case "imag" -> self instanceof Double ? (Object) 0.0 : BigInteger.ZERO;
            case "conjugate" -> method(name, () -> self instanceof Double ? self : Numbers.integer(self));
            case "as_integer_ratio" -> method(name, () -> ratio(self));
            default -> self instanceof Double d ? ofFloat(d, name) : ofInt(Numbers.integer(self), name);
        };
    }

    private static Object ofFloat(double d, String name) {
        return switch (name) {
            case "is_integer" -> method(name, () -> d == Math.rint(d) && !Double.isInfinite(d));
            case "hex" -> method(name, () -> hex(d));
            case "fromhex" -> refused("float.fromhex is");
            default -> Missing.MISSING;
        };
    }

    private static Object ofInt(BigInteger i, String name) {
        return switch (name) {
            case "numerator" -> i;
            case "denominator" -> BigInteger.ONE;
            case "bit_length" -> method(name, () -> Numbers.of(i.abs().bitLength()));
            case "bit_count" -> method(name, () -> Numbers.of(i.abs().bitCount()));
            case "to_bytes", "from_bytes" -> refused("bytes (int." + name + ") are");
            default -> Missing.MISSING;
        };
    }

    private static Object refused(String what) {
        return new Function("", (run, args) -> {
            throw PyError.unsupported(what);
        });
    }

    private static Object method(String name, java.util.function.Supplier<Object> body) {
        return new Function("", (run, args) -> {
            args.only(name, 0, 0);
            return body.get();
        });
    }

    private static Object ratio(Object self) {
        if (!(self instanceof Double d)) {
            return PyTuple.of(Numbers.integer(self), BigInteger.ONE);
        }
        Conversions.whole(d);
        BigDecimal exact = new BigDecimal(d);
        BigInteger below = BigInteger.TEN.pow(Math.max(0, exact.scale()));
        BigInteger above = exact.multiply(new BigDecimal(below)).toBigInteger();
        BigInteger common = above.gcd(below);
        return PyTuple.of(above.divide(common), below.divide(common));
    }

    private static Object hex(double d) {
        if (Double.isNaN(d) || Double.isInfinite(d)) {
            return Floats.repr(d);
        }
        long bits = Double.doubleToRawLongBits(d);
        long mantissa = bits & ((1L << 52) - 1);
        int exponent = (int) (bits >>> 52 & 0x7ff);
        String sign = bits < 0 ? "-" : "";
        if (exponent == 0 && mantissa == 0) {
            return sign + "0x0.0p+0";
        }
        int power = exponent == 0 ? -1022 : exponent - 1023;
        return sign + "0x" + (exponent == 0 ? 0 : 1) + "." + String.format("%013x", mantissa) + "p"
                + (power < 0 ? "" : "+") + power;
    }
}
