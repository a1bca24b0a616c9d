package dev.troupe.model.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Compiles expressions. Constant ones are computed at once, as jinja2 does it. */
final class ExpressionCompiler {
    /** Names and calls are not constant. */
    private static final PyError NOT_CONSTANT = PyError.template("not constant");

    private final Run folding;
    private final List<PyError> unknown = new ArrayList<>();

    /** @param folding the run in which constants are computed */
    ExpressionCompiler(Run folding) {
        this.folding = folding;
    }

    Code.Eval compile(Expr expr, Scope scope) {
        if (expr instanceof Expr.Const constant) {
            return constant(constant.value());
        }
        int before = unknown.size();
        Code.Eval code = located(expr.line(), plain(expr, scope));
        boolean whole = expr instanceof Expr.TupleOf
                || expr instanceof Expr.ListOf
                || expr instanceof Expr.DictOf
                || expr instanceof Expr.Name
                || expr instanceof Expr.Slice;
        Object value = whole ? Missing.MISSING : fold(code);
        if (!isSafe(value)) {
            return code;
        }
        forget(before);
        return constant(value);
    }

    /** What is printed: a text that is known already, or code. */
    Code.Eval printed(Expr expr, Scope scope) {
        int before = unknown.size();
        Code.Eval code = compile(expr, scope);
        Object value = fold(code);
        if (value == Missing.MISSING) {
            return locals -> Repr.str(code.eval(locals));
        }
        forget(before);
        String text = Repr.str(value);
        return locals -> text;
    }

    /** What a constant leaves out is not looked at: {@code true or x|nosuch} is valid. */
    private void forget(int from) {
        unknown.subList(from, unknown.size()).clear();
    }

    /** Fails where the template names a filter or a test that does not exist, outside of an if. */
    void checkNames() {
        if (!unknown.isEmpty()) {
            throw unknown.get(0);
        }
    }

    /** The value of a constant expression, or {@link Missing}. */
    private Object fold(Code.Eval code) {
        FunctionScope none = new FunctionScope(null);
        try {
            return code.eval(Locals.outermost(folding, none));
        } catch (PyError e) {
            return Missing.MISSING;
        }
    }

    private boolean isFolding(Locals locals) {
        return locals.run().isFolding();
    }

    private static boolean isSafe(Object value) {
        if (value instanceof Sequence sequence) {
            return sequence.items().stream().allMatch(ExpressionCompiler::isSafe);
        }
        if (value instanceof PyDict dict) {
            return dict.keys().stream().allMatch(ExpressionCompiler::isSafe)
                    && dict.values().stream().allMatch(ExpressionCompiler::isSafe);
        }
        return value == None.NONE || Numbers.is(value) || Texts.is(value);
    }

    private static Code.Eval constant(Object value) {
        return new Constant(value, isWritable(value));
    }

    /** A value that is known; jinja2 writes it as Python source, where infinity and NaN are names without a value. */
    private record Constant(Object value, boolean writable) implements Code.Eval {
        @Override
        public Object eval(Locals locals) {
            if (!writable && !locals.run().isFolding()) {
                throw PyError.template("a constant is infinite or not a number");
            }
            return value;
        }
    }

    private static boolean isWritable(Object value) {
        if (value instanceof Double d) {
            return !Double.isNaN(d) && !Double.isInfinite(d);
        }
        if (value instanceof Sequence sequence) {
            return sequence.items().stream().allMatch(ExpressionCompiler::isWritable);
        }
        return !(value instanceof PyDict dict)
                || dict.keys().stream().allMatch(ExpressionCompiler::isWritable)
                        && dict.values().stream().allMatch(ExpressionCompiler::isWritable);
    }

    private static Code.Eval located(int line, Code.Eval code) {
        return locals -> {
            Run run = locals.run();
            run.enter();
            try {
                return code.eval(locals);
            } catch (PyError e) {
                throw e.at(line);
            } finally {
                run.leave();
            }
        };
    }

    private Code.Eval plain(Expr expr, Scope scope) {
        if (expr instanceof Expr.Const constant) {
            return locals -> constant.value();
        }
        if (expr instanceof Expr.Name name) {
            return name(name, scope);
        }
        if (expr instanceof Expr.TupleOf tuple) {
            List<Code.Eval> items = all(tuple.items(), scope);
            if (tuple.items().stream().anyMatch(Expr.Slice.class::isInstance)) {
                // Python has no source for it, so jinja2 compiles it nowhere but in a constant.
                unknown.add(PyError.syntax("a slice in a tuple", tuple.line()));
            }
            return locals -> new PyTuple(values(items, locals));
        }
        if (expr instanceof Expr.ListOf list) {
            List<Code.Eval> items = all(list.items(), scope);
            return locals -> new PyList(values(items, locals));
        }
        if (expr instanceof Expr.DictOf dict) {
            return dict(dict, scope);
        }
        if (expr instanceof Expr.Conditional conditional) {
            return conditional(conditional, scope);
        }
        if (expr instanceof Expr.Filter filter) {
            return filter(filter, scope, null);
        }
        if (expr instanceof Expr.Test test) {
            return test(test, scope);
        }
        if (expr instanceof Expr.Call call) {
            return call(call, scope, null);
        }
        if (expr instanceof Expr.Attribute attribute) {
            Code.Eval operand = compile(attribute.operand(), scope);
            return locals -> Attributes.get(locals.run(), operand.eval(locals), attribute.name());
        }
        if (expr instanceof Expr.Item item) {
            return item(item, scope);
        }
        if (expr instanceof Expr.Slice slice) {
            return slice(slice, scope);
        }
        return operator(expr, scope);
    }

    private Code.Eval operator(Expr expr, Scope scope) {
        if (expr instanceof Expr.Logic logic) {
            Code.Eval left = compile(logic.left(), scope);
            Code.Eval right = compile(logic.right(), scope);
            return locals -> {
                Object first = left.eval(locals);
                return Types.truth(first) == logic.and() ? right.eval(locals) : first;
            };
        }
        if (expr instanceof Expr.Binary binary) {
            Code.Eval left = compile(binary.left(), scope);
            Code.Eval right = compile(binary.right(), scope);
            if (binary.op().equals("**")
                    && left instanceof Constant constant
                    && isNegative(constant.value())
                    && !(right instanceof Constant)) {
                return power(constant.value(), right);
            }
            return locals -> new Arithmetic(locals.run()).apply(binary.op(), left.eval(locals), right.eval(locals));
        }
        if (expr instanceof Expr.Unary unary) {
            return unary(unary, scope);
        }
        if (expr instanceof Expr.Concat concat) {
            List<Code.Eval> parts = all(concat.parts(), scope);
            return locals -> {
                StringBuilder text = new StringBuilder();
                values(parts, locals).forEach(part -> text.append(Repr.str(part)));
                return locals.run().text(text.toString());
            };
        }
        if (expr instanceof Expr.Compare compare) {
            return compare(compare, scope);
        }
        throw PyError.syntax("an expression is expected here", expr.line());
    }

    private static boolean isNegative(Object value) {
        return value instanceof BigInteger i && i.signum() < 0 || value instanceof Double d && (d < 0 || 1 / d < 0);
    }

    /** jinja2 writes {@code -1 ** n} as Python source, where the minus binds weaker than the power. */
    private static Code.Eval power(Object negative, Code.Eval exponent) {
        return locals -> {
            Arithmetic arithmetic = new Arithmetic(locals.run());
            Object to = exponent.eval(locals);
            return locals.run().isFolding()
                    ? arithmetic.apply("**", negative, to)
                    : arithmetic.negative(arithmetic.apply("**", arithmetic.negative(negative), to));
        };
    }

    private List<Code.Eval> all(List<Expr> exprs, Scope scope) {
        List<Code.Eval> all = new ArrayList<>();
        exprs.forEach(expr -> all.add(compile(expr, scope)));
        return all;
    }

    private static List<Object> values(List<Code.Eval> codes, Locals locals) {
        List<Object> values = new ArrayList<>(codes.size());
        for (Code.Eval code : codes) {
            values.add(code.eval(locals));
        }
        return values;
    }

    private Code.Eval name(Expr.Name name, Scope scope) {
        Code.Eval read = scope.read(scope.symbols().ref(name.name(), name.line()));
        return locals -> {
            if (isFolding(locals)) {
                throw NOT_CONSTANT;
            }
            Object value = read.eval(locals);
            return value == Missing.MISSING ? Undefined.name(name.name()) : value;
        };
    }

    private Code.Eval dict(Expr.DictOf dict, Scope scope) {
        List<Code.Eval> pairs = all(dict.pairs(), scope);
        return locals -> {
            PyDict made = new PyDict();
            for (int i = 0; i < pairs.size(); i += 2) {
                Object key = pairs.get(i).eval(locals);
                made.put(key, pairs.get(i + 1).eval(locals));
            }
            return made;
        };
    }

    private Code.Eval conditional(Expr.Conditional conditional, Scope frame) {
        Scope scope = frame.soften();
        Code.Eval test = compile(conditional.test(), scope);
        Code.Eval then = compile(conditional.then(), scope);
        Expr without = conditional.otherwise();
        Code.Eval otherwise = without == null ? null : compile(without, scope);
        return locals -> {
            if (Types.truth(test.eval(locals))) {
                return then.eval(locals);
            }
            if (otherwise == null && isFolding(locals)) {
                throw NOT_CONSTANT;
            }
            return otherwise == null
                    ? Undefined.hint("the inline if-expression on line " + conditional.line()
                            + " evaluated to false and no else section was defined.")
                    : otherwise.eval(locals);
        };
    }

    private Code.Eval unary(Expr.Unary unary, Scope scope) {
        Code.Eval operand = compile(unary.operand(), scope);
        return switch (unary.op()) {
            case "not" -> locals -> !Types.truth(operand.eval(locals));
            case "-" -> locals -> new Arithmetic(locals.run()).negative(operand.eval(locals));
            default -> locals -> new Arithmetic(locals.run()).positive(operand.eval(locals));
        };
    }

    private Code.Eval compare(Expr.Compare compare, Scope scope) {
        Code.Eval first = compile(compare.first(), scope);
        List<Code.Eval> others = all(compare.others(), scope);
        return locals -> {
            Object left = first.eval(locals);
            for (int i = 0; i < others.size(); i++) {
                Object right = others.get(i).eval(locals);
                if (!holds(compare.ops().get(i), left, right)) {
                    return false;
                }
                left = right;
            }
            return true;
        };
    }

    static boolean holds(String op, Object a, Object b) {
        return switch (op) {
            case "==" -> Equality.equal(a, b);
            case "!=" -> !Equality.equal(a, b);
            case "<" -> Ordering.compare(Ordering.Op.LT, a, b);
            case "<=" -> Ordering.compare(Ordering.Op.LE, a, b);
            case ">" -> Ordering.compare(Ordering.Op.GT, a, b);
            case ">=" -> Ordering.compare(Ordering.Op.GE, a, b);
            case "in" -> Items.contains(b, a);
            default -> !Items.contains(b, a);
        };
    }

    private Code.Eval item(Expr.Item item, Scope scope) {
        Code.Eval operand = compile(item.operand(), scope);
        Code.Eval key = compile(item.key(), scope);
        boolean sliced = item.key() instanceof Expr.Slice;
        return locals -> {
            Object value = operand.eval(locals);
            Object at = key.eval(locals);
            // jinja2 lets Python slice; only where it computes a constant it uses its own lookup.
            return sliced && !isFolding(locals)
                    ? ((SliceValue) at).of(value)
                    : Attributes.item(locals.run(), value, at);
        };
    }

    private Code.Eval slice(Expr.Slice slice, Scope scope) {
        List<Code.Eval> bounds = new ArrayList<>();
        for (@Nullable Expr bound : new @Nullable Expr[] {slice.start(), slice.stop(), slice.step()}) {
            bounds.add(bound == null ? locals -> None.NONE : compile(bound, scope));
        }
        return locals -> {
            List<Object> values = values(bounds, locals);
            return new SliceValue(values.get(0), values.get(1), values.get(2));
        };
    }

    /** @param block the text that a filter block encloses, or null */
    Code.Eval filter(Expr.Filter filter, Scope scope, Code.@Nullable Eval block) {
        Builtin builtin = Filters.find(filter.name());
        known(builtin, "filter", filter.name(), scope, filter.line());
        Arguments args = new Arguments(filter.args(), scope);
        Expr operand = filter.operand();
        Code.Eval input = operand != null ? piped(operand, scope, block) : block;
        return locals -> {
            if (input == null || builtin == null) {
                throw PyError.template("No filter named " + Repr.repr(filter.name()) + ".");
            }
            if (builtin.needsRun() && isFolding(locals)) {
                throw NOT_CONSTANT;
            }
            Object value = input.eval(locals);
            return builtin.call(locals.run(), args.eval(locals).withFirst(value));
        };
    }

    /** What goes into a filter; a filter before it may take the text of a block. */
    private Code.Eval piped(Expr operand, Scope scope, Code.@Nullable Eval block) {
        return block != null && operand instanceof Expr.Filter before
                ? located(before.line(), filter(before, scope, block))
                : compile(operand, scope);
    }

    private void known(@Nullable Builtin builtin, String kind, String name, Scope scope, int line) {
        if (builtin == null && !scope.soft()) {
            unknown.add(PyError.syntax("No " + kind + " named " + Repr.repr(name) + ".", line));
        }
    }

    private Code.Eval test(Expr.Test test, Scope scope) {
        Builtin builtin = Tests.find(test.name());
        known(builtin, "test", test.name(), scope, test.line());
        Code.Eval operand = compile(test.operand(), scope);
        Arguments args = new Arguments(test.args(), scope);
        return locals -> {
            Object value = operand.eval(locals);
            Args given = args.eval(locals).withFirst(value);
            if (builtin == null) {
                throw PyError.template("No test named " + Repr.repr(test.name()) + ".");
            }
            return builtin.call(locals.run(), given);
        };
    }

    /** @param caller the macro that a call block hands over, or null */
    Code.Eval call(Expr.Call call, Scope scope, Code.@Nullable Eval caller) {
        Code.Eval function = compile(call.function(), scope);
        Arguments args = new Arguments(call.args(), scope);
        return locals -> {
            if (isFolding(locals)) {
                throw NOT_CONSTANT;
            }
            Object callee = function.eval(locals);
            return call(locals.run(), callee, args.eval(locals, caller));
        };
    }

    static Object call(Run run, Object callee, Args args) {
        if (callee instanceof Undefined undefined) {
            throw undefined.failure();
        }
        if (!(callee instanceof PyCallable callable)) {
            throw PyError.type(Repr.repr(Types.name(callee)) + " object is not callable");
        }
        return callable.call(run, args);
    }

    /** Compiled arguments. */
    private final class Arguments {
        private final List<Code.Eval> positional;
        private final List<String> names;
        private final List<Code.Eval> named;
        private final Code.@Nullable Eval moreList;
        private final Code.@Nullable Eval moreNamed;

        Arguments(Expr.CallArgs args, Scope scope) {
            this.positional = all(args.positional(), scope);
            this.names = args.names();
            this.named = all(args.named(), scope);
            this.moreList = args.moreList() == null ? null : compile(args.moreList(), scope);
            this.moreNamed = args.moreNamed() == null ? null : compile(args.moreNamed(), scope);
        }

        Args eval(Locals locals) {
            return eval(locals, null);
        }

        Args eval(Locals locals, Code.@Nullable Eval caller) {
            List<Object> values = values(positional, locals);
            if (moreList != null) {
                values.addAll(Types.list(moreList.eval(locals)));
            }
            Map<String, Object> byName = new LinkedHashMap<>();
            for (int i = 0; i < names.size(); i++) {
                byName.put(names.get(i), named.get(i).eval(locals));
            }
            if (caller != null) {
                byName.put("caller", caller.eval(locals));
            }
            if (moreNamed != null) {
                more(byName, moreNamed.eval(locals));
            }
            return new Args(values, byName);
        }

        private void more(Map<String, Object> byName, Object given) {
            if (!(given instanceof PyDict dict)) {
                throw PyError.type("the argument after ** must be a mapping, not " + Types.name(given));
            }
            for (Object key : dict.keys()) {
                if (!Texts.is(key) || byName.put(Texts.of(key), dict.get(key)) != null) {
                    throw PyError.type("keywords must be strings, each given once: " + Repr.repr(key));
                }
            }
        }
    }
}
