package dev.troupe.model.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;

/** Filters on single values: numbers, defaults, JSON. */
final class ValueFilters {
    private ValueFilters() {}

    static void addTo(Map<String, Builtin> all) {
        add(all, Signature.of("abs", "x"), "abs", (run, v) -> abs(v.get(0)));
        for (String name : List.of("default", "d")) {
            Signature signature =
                    Signature.of(name, "value").with("default_value", "").with("boolean", false);
            add(all, signature, name, (run, v) -> {
                boolean absent = v.get(0) instanceof Undefined || Types.truth(v.get(2)) && !Types.truth(v.get(0));
                return absent ? v.get(1) : v.get(0);
            });
        }
        add(all, Signature.of("attr", "obj", "name"), "attr", (run, v) -> attribute(run, v.get(0), v.get(1)));
        Signature toInt =
                Signature.of("int", "value").with("default", Numbers.of(0)).with("base", Numbers.of(10));
        add(all, toInt, "int", (run, v) -> integer(v));
        add(all, Signature.of("float", "value").with("default", 0.0), "float", (run, v) -> real(v));
        Signature round =
                Signature.of("round", "value").with("precision", Numbers.of(0)).with("method", "common");
        add(all, round, "round", ValueFilters::round);
        add(
                all,
                Signature.of("filesizeformat", "value").with("binary", false),
                "filesizeformat",
                (run, v) -> fileSize(number(v.get(0)), Types.truth(v.get(1))));
        Signature json = Signature.of("tojson", "x")
                .with("ensure_ascii", false)
                .with("indent", None.NONE)
                .with("separators", None.NONE)
                .with("sort_keys", false);
        add(all, json, "tojson", (run, v) -> run.text(Json.of(run, v)));
        add(all, Signature.of("pprint", "value"), "pprint", (run, v) -> run.text(PrettyPrint.of(v.get(0))));
    }

    private static void add(Map<String, Builtin> all, Signature signature, String name, Builtin.Body body) {
        all.put(name, Builtin.of(signature, body));
    }

    private static Object abs(Object value) {
        if (value instanceof Double d) {
            return Math.abs(d);
        }
        if (value instanceof Undefined undefined) {
            return fail(undefined);
        }
        if (!Numbers.isInt(value)) {
            throw PyError.type("bad operand type for abs(): " + Repr.repr(Types.name(value)));
        }
        return Numbers.integer(value).abs();
    }

    private static Object fail(Undefined undefined) {
        throw undefined.failure();
    }

    private static Object attribute(Run run, Object value, Object name) {
        if (!Texts.is(name)) {
            throw PyError.type("attribute name must be string, not " + Repr.repr(Types.name(name)));
        }
        Object found = Attributes.find(run, value, Texts.of(name));
        return found == Missing.MISSING ? Undefined.member(value, name) : found;
    }

    /** Python's float(value). */
    private static double number(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
        if (Texts.is(value)) {
            return Floats.parse(Texts.of(value));
        }
        if (!Numbers.is(value)) {
            throw PyError.type("float() argument must be a string or a real number, not " + Types.name(value));
        }
        return Numbers.real(value);
    }

    private static Object integer(List<Object> v) {
        Object value = v.get(0);
        try {
            if (Texts.is(value)) {
                return Conversions.integer(Texts.of(value), Numbers.clipped(v.get(2)));
            }
            return value instanceof Double d ? Conversions.whole(d) : wholeOf(value);
        } catch (PyError e) {
            if (!e.is(PyError.Kind.TYPE, PyError.Kind.VALUE)) {
                throw e;
            }
        }
        try {
            return Conversions.whole(number(value));
        } catch (PyError e) {
            if (!e.is(PyError.Kind.TYPE, PyError.Kind.VALUE, PyError.Kind.OVERFLOW)) {
                throw e;
            }
            return v.get(1);
        }
    }

    private static BigInteger wholeOf(Object value) {
        return Numbers.integer(value);
    }

    private static Object real(List<Object> v) {
        try {
            return number(v.get(0));
        } catch (PyError e) {
            if (!e.is(PyError.Kind.TYPE, PyError.Kind.VALUE)) {
                throw e;
            }
            return v.get(1);
        }
    }

    private static Object round(Run run, List<Object> v) {
        Object value = v.get(0);
        if (!Texts.is(v.get(2)) || !List.of("common", "ceil", "floor").contains(Texts.of(v.get(2)))) {
            Equality.hash(v.get(2));
            throw PyError.template("method must be common, ceil or floor");
        }
        String method = Texts.of(v.get(2));
        if (method.equals("common")) {
            return rounded(value, v.get(1));
        }
        Arithmetic arithmetic = new Arithmetic(run);
        Object power = arithmetic.apply("**", Numbers.of(10), v.get(1));
        Object scaled = arithmetic.apply("*", value, power);
        if (!Numbers.is(scaled)) {
            throw PyError.type("must be real number, not " + Types.name(scaled));
        }
        Object whole = scaled instanceof Double d
                ? Conversions.whole(method.equals("ceil") ? Math.ceil(d) : Math.floor(d))
                : scaled;
        return arithmetic.apply("/", whole, power);
    }

    private static Object rounded(Object value, Object precision) {
        if (value instanceof Undefined undefined) {
            return fail(undefined);
        }
        if (!Numbers.is(value)) {
            throw PyError.type("type " + Types.name(value) + " doesn't define __round__ method");
        }
        if (precision == None.NONE) {
            return value instanceof Double d ? Conversions.whole(Math.rint(d)) : Numbers.integer(value);
        }
        int digits = Numbers.size(precision);
        if (value instanceof Double d) {
            boolean odd = Double.isNaN(d) || Double.isInfinite(d) || digits > 400;
            if (odd) {
                return d;
            }
            double rounded = digits < -400
                    ? 0
                    : new BigDecimal(d).setScale(digits, RoundingMode.HALF_EVEN).doubleValue();
            if (Double.isInfinite(rounded)) {
                throw new PyError(PyError.Kind.OVERFLOW, "rounded value too large to represent");
            }
            return Math.copySign(rounded, d);
        }
        BigInteger whole = Numbers.integer(value);
        if (digits >= 0) {
            return whole;
        }
        return digits < -5000
                ? BigInteger.ZERO
                : new BigDecimal(whole).setScale(digits, RoundingMode.HALF_EVEN).toBigInteger();
    }

    private static String fileSize(double bytes, boolean binary) {
        double base = binary ? 1024 : 1000;
        if (bytes == 1) {
            return "1 Byte";
        }
        if (bytes < base) {
            return Repr.integer(Conversions.whole(bytes)) + " Bytes";
        }
        double unit = base;
        char prefix = 'k';
        for (char next : "kMGTPEZY".toCharArray()) {
            unit *= base;
            prefix = next;
            if (bytes < unit) {
                break;
            }
        }
        String number = new FloatFormat('f', 1, false, false).format(base * bytes / unit);
        return number + " " + (binary ? Character.toUpperCase(prefix) + "iB" : prefix + "B");
    }
}
