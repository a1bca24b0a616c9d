package dev.troupe.model.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** jinja2's tests. */
final class Tests {
    private static final Map<String, Builtin> ALL = new HashMap<>();

    private Tests() {}

    static {
        numbers();
        kinds();
        comparisons();
    }

    static @Nullable Builtin find(String name) {
        return ALL.get(name);
    }

    private static void simple(String name, Predicate<Object> test) {
        ALL.put(name, Builtin.of(Signature.of(name, "value"), (run, v) -> test.test(v.get(0))));
    }

    private static void numbers() {
        simple("none", v -> v == None.NONE);
        simple("boolean", v -> v instanceof Boolean);
        simple("true", v -> Boolean.TRUE.equals(v));
        simple("false", v -> Boolean.FALSE.equals(v));
        simple("integer", v -> v instanceof java.math.BigInteger);
        simple("float", v -> v instanceof Double);
        simple("number", Numbers::is);
        ALL.put("odd", modulo(1));
        ALL.put("even", modulo(0));
        ALL.put(
                "divisibleby",
                Builtin.of(
                        Signature.of("divisibleby", "value", "num"),
                        (run, v) -> Equality.equal(new Arithmetic(run).apply("%", v.get(0), v.get(1)), Numbers.of(0))));
    }

    private static Builtin modulo(int rest) {
        return Builtin.of(
                Signature.of("odd", "value"),
                (run, v) -> Equality.equal(new Arithmetic(run).apply("%", v.get(0), Numbers.of(2)), Numbers.of(rest)));
    }

    private static void kinds() {
        simple("defined", v -> !(v instanceof Undefined));
        simple("undefined", v -> v instanceof Undefined);
        simple("filter", v -> Filters.find(name(v)) != null);
        simple("test", v -> find(name(v)) != null);
        simple("string", Texts::is);
        simple("escaped", v -> v instanceof Markup);
        simple("mapping", v -> v instanceof PyDict);
        simple("sequence", Types::subscriptable);
        simple("iterable", Types::iterable);
        simple("callable", v -> v instanceof PyCallable || v instanceof Undefined);
        simple("lower", v -> Casing.isLower(Repr.str(v)));
        simple("upper", v -> Casing.isUpper(Repr.str(v)));
    }

    /** A value as a key of the table of filters or tests. */
    private static String name(Object value) {
        Equality.hash(value);
        return Texts.is(value) ? Texts.of(value) : "";
    }

    private static void comparison(String op, String... names) {
        for (String name : names) {
            ALL.put(
                    name,
                    new Builtin(
                            (run, args) -> {
                                List<Object> v = args.only(name, 2, 2);
                                return ExpressionCompiler.holds(op, v.get(0), v.get(1));
                            },
                            false));
        }
    }

    private static void comparisons() {
        comparison("==", "==", "eq", "equalto");
        comparison("!=", "!=", "ne");
        comparison("<", "<", "lt", "lessthan");
        comparison("<=", "<=", "le");
        comparison(">", ">", "gt", "greaterthan");
        comparison(">=", ">=", "ge");
        ALL.put("in", Builtin.of(Signature.of("in", "value", "seq"), (run, v) -> Items.contains(v.get(1), v.get(0))));
        ALL.put(
                "sameas",
                Builtin.of(
                        Signature.of("sameas", "value", "other"), (run, v) -> Equality.identical(v.get(0), v.get(1))));
    }
}
