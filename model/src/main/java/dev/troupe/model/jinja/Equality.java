package dev.troupe.model.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;

/** Python's equality, identity and hash. */
final class Equality {
    private static final BigInteger SMALLEST_SHARED = BigInteger.valueOf(-5);
    private static final BigInteger LARGEST_SHARED = BigInteger.valueOf(256);

    private Equality() {}

    /** Identity or equality, as containers compare their items. */
    static boolean same(Object a, Object b) {
        return a == b || equal(a, b, 0);
    }

    static boolean equal(Object a, Object b) {
        return equal(a, b, 0);
    }

    private static boolean equal(Object a, Object b, int depth) {
        Run.checkDataDepth(depth);
        if (Numbers.is(a) && Numbers.is(b)) {
            return Numbers.compare(a, b) == 0;
        }
        if (Texts.is(a) && Texts.is(b)) {
            return Texts.of(a).equals(Texts.of(b));
        }
        if (a instanceof Sequence x && b instanceof Sequence y) {
            return a.getClass() == b.getClass() && equal(x.items(), y.items(), depth);
        }
        if (a instanceof PyDict x && b instanceof PyDict y) {
            return equal(x, y, depth);
        }
        if (a instanceof PyRange x && b instanceof PyRange y) {
            return x.size() == y.size()
                    && (x.size() == 0 || x.start().equals(y.start()))
                    && (x.size() < 2 || x.step().equals(y.step()));
        }
        if (a instanceof DictView x && b instanceof DictView y && x.isSet() && y.isSet()) {
            return x.sameSet(y);
        }
        return a == b || a instanceof Undefined && b instanceof Undefined;
    }

    private static boolean equal(List<Object> a, List<Object> b, int depth) {
        if (a.size() != b.size()) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (a.get(i) != b.get(i) && !equal(a.get(i), b.get(i), depth + 1)) {
                return false;
            }
        }
        return true;
    }

    private static boolean equal(PyDict a, PyDict b, int depth) {
        if (a.size() != b.size()) {
            return false;
        }
        for (Object key : a.keys()) {
            Object other = b.get(key);
            Object value = a.get(key);
            if (other == Missing.MISSING || value != other && !equal(value, other, depth + 1)) {
                return false;
            }
        }
        return true;
    }

    /** Python's {@code is}: small integers and texts of one character are shared there. */
    static boolean identical(Object a, Object b) {
        if (a instanceof Boolean || b instanceof Boolean) {
            return a.equals(b);
        }
        if (a instanceof BigInteger x && b instanceof BigInteger y) {
            return a == b || x.equals(y) && x.compareTo(SMALLEST_SHARED) >= 0 && x.compareTo(LARGEST_SHARED) <= 0;
        }
        if (a instanceof String x && b instanceof String y) {
            return a == b || x.equals(y) && (x.isEmpty() || x.length() == 1 && x.charAt(0) < 256);
        }
        if (a instanceof PyTuple x && b instanceof PyTuple y && x.items().isEmpty()) {
            return y.items().isEmpty();
        }
        return a == b;
    }

    static int hash(Object value) {
        return hash(value, 0);
    }

    private static int hash(Object value, int depth) {
        Run.checkDataDepth(depth);
        if (value instanceof Double d) {
            boolean whole = d == Math.rint(d) && !Double.isInfinite(d);
            return whole ? new BigDecimal(d).toBigInteger().hashCode() : Double.hashCode(d);
        }
        if (Numbers.isInt(value)) {
            return Numbers.integer(value).hashCode();
        }
        if (Texts.is(value)) {
            return Texts.of(value).hashCode();
        }
        if (value instanceof PyTuple tuple) {
            int hash = 1;
            for (Object item : tuple.items()) {
                hash = 31 * hash + hash(item, depth + 1);
            }
            return hash;
        }
        if (value instanceof PyRange range) {
            return range.size();
        }
        if (value instanceof PyList
                || value instanceof PyDict
                || value instanceof SliceValue
                || value instanceof DictView view && view.isSet()) {
            throw PyError.type("unhashable type: " + Repr.repr(Types.name(value)));
        }
        return value instanceof Undefined ? 7 : System.identityHashCode(value);
    }
}
