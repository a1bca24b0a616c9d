package dev.troupe.model.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;

/** Python's numbers: bool counts as int. */
final class Numbers {
    private static final BigInteger LONGEST_INDEX = BigInteger.valueOf(Integer.MAX_VALUE);

    private Numbers() {}

    static boolean isInt(Object value) {
        return value instanceof BigInteger || value instanceof Boolean;
    }

    static boolean is(Object value) {
        return isInt(value) || value instanceof Double;
    }

    static BigInteger integer(Object value) {
        if (value instanceof BigInteger i) {
            return i;
        }
        if (value instanceof Boolean b) {
            return b ? BigInteger.ONE : BigInteger.ZERO;
        }
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
        throw PyError.type(Repr.repr(Types.name(value)) + " object cannot be interpreted as an integer");
    }

    /** An integer that counts or sizes something; one that no machine word holds is an error. */
    static int size(Object value) {
        if (integer(value).bitLength() > 63) {
            throw new PyError(PyError.Kind.OVERFLOW, "an integer too large for a size");
        }
        return clipped(value);
    }

    /** An integer as an int, clipped to what an int holds. */
    static int clipped(Object value) {
        BigInteger i = integer(value);
        return i.max(LONGEST_INDEX.negate()).min(LONGEST_INDEX).intValue();
    }

    static double real(Object value) {
        if (value instanceof Double d) {
            return d;
        }
        BigInteger i = integer(value);
        double d = i.doubleValue();
        if (Double.isInfinite(d)) {
            throw new PyError(PyError.Kind.OVERFLOW, "int too large to convert to float");
        }
        return d;
    }

    static Object of(long value) {
        return BigInteger.valueOf(value);
    }

    /** The order of two numbers; 2 where one is not a number. */
    static int compare(Object a, Object b) {
        if (isInt(a) && isInt(b)) {
            return integer(a).compareTo(integer(b));
        }
        double x = a instanceof Double d ? d : 0;
        double y = b instanceof Double d ? d : 0;
        if (Double.isNaN(x) || Double.isNaN(y)) {
            return 2;
        }
        if (Double.isInfinite(x) || Double.isInfinite(y)) {
            return Double.compare(x, y);
        }
        return decimal(a).compareTo(decimal(b));
    }

    static BigDecimal decimal(Object value) {
        return value instanceof Double d ? new BigDecimal(d) : new BigDecimal(integer(value));
    }
}
