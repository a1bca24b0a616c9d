package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses expressions with jinja2's precedence. */
final class ExpressionParser {
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

    private final TokenStream stream;

    ExpressionParser(TokenStream stream) {
        this.stream = stream;
    }

    private interface Rule {
        Expr parse();
    }

    /** Operators of one level, from left to right. */
    private Expr leftToRight(Set<String> signs, Rule operand) {
        int line = stream.line();
        Expr left = operand.parse();
        int chained = 0;
        while (stream.current().is(Token.Type.OPERATOR)
                && signs.contains(stream.current().text())) {
            chained = stream.chained(chained);
            String op = stream.next().text();
            left = new Expr.Binary(op, left, operand.parse(), line);
            line = stream.line();
        }
        return left;
    }

    Expr expression() {
        return expression(true);
    }

    Expr expression(boolean conditional) {
        stream.down();
        Expr parsed = conditional ? conditional() : or();
        stream.up();
        return parsed;
    }

    private Expr conditional() {
        int line = stream.line();
        Expr then = or();
        int chained = 0;
        while (stream.skipName("if")) {
            chained = stream.chained(chained);
            Expr test = or();
            Expr otherwise = stream.skipName("else") ? expression() : null;
            then = new Expr.Conditional(test, then, otherwise, line);
            line = stream.line();
        }
        return then;
    }

    private Expr or() {
        return logic(false, "or", () -> logic(true, "and", this::not));
    }

    private Expr logic(boolean and, String word, Rule operand) {
        int line = stream.line();
        Expr left = operand.parse();
        int chained = 0;
        while (stream.skipName(word)) {
            chained = stream.chained(chained);
            left = new Expr.Logic(and, left, operand.parse(), line);
            line = stream.line();
        }
        return left;
    }

    private Expr not() {
        if (!stream.current().isName("not")) {
            return compare();
        }
        int line = stream.next().line();
        stream.down();
        Expr operand = not();
        stream.up();
        return new Expr.Unary("not", operand, line);
    }

    private Expr compare() {
        int line = stream.line();
        Expr first = sum();
        List<String> ops = new ArrayList<>();
        List<Expr> others = new ArrayList<>();
        while (true) {
            Token token = stream.current();
            if (token.is(Token.Type.OPERATOR) && COMPARISONS.contains(token.text())) {
                ops.add(stream.next().text());
            } else if (stream.skipName("in")) {
                ops.add("in");
            } else if (token.isName("not") && stream.look().isName("in")) {
                stream.next();
                stream.next();
                ops.add("not in");
            } else {
                break;
            }
            others.add(sum());
        }
        return ops.isEmpty() ? first : new Expr.Compare(first, ops, others, line);
    }

    private Expr sum() {
        return leftToRight(Set.of("+", "-"), this::concat);
    }

    private Expr concat() {
        int line = stream.line();
        List<Expr> parts = new ArrayList<>();
        parts.add(product());
        while (stream.skipOperator("~")) {
            parts.add(product());
        }
        return parts.size() == 1 ? parts.get(0) : new Expr.Concat(parts, line);
    }

    private Expr product() {
        return leftToRight(Set.of("*", "/", "//", "%"), () -> leftToRight(Set.of("**"), () -> unary(true)));
    }

    private Expr unary(boolean filters) {
        Token token = stream.current();
        Expr parsed;
        if (token.isOperator("-") || token.isOperator("+")) {
            stream.next();
            stream.down();
            parsed = new Expr.Unary(token.text(), unary(false), token.line());
            stream.up();
        } else {
            parsed = primary(false);
        }
        parsed = postfix(parsed);
        return filters ? filters(parsed) : parsed;
    }

    /** A name, a literal, or what stands in brackets; with namespaces, {@code name.attribute} is one of them. */
    private Expr primary(boolean namespaces) {
        Token token = stream.current();
        return switch (token.type()) {
            case NAME -> {
                stream.next();
                yield name(token, namespaces);
            }
            case STRING -> strings(token.line());
            case INTEGER, FLOAT -> {
                stream.next();
                yield new Expr.Const(token.value(), token.line());
            }
            default -> brackets(token);
        };
    }

    private Expr name(Token token, boolean namespaces) {
        switch (token.text()) {
            case "true", "True":
                return new Expr.Const(true, token.line());
            case "false", "False":
                return new Expr.Const(false, token.line());
            case "none", "None":
                return new Expr.Const(None.NONE, token.line());
            default:
                break;
        }
        if (namespaces && stream.skipOperator(".")) {
            return new Expr.NamespaceRef(token.text(), stream.expectName(), token.line());
        }
        return new Expr.Name(token.text(), Expr.Use.LOAD, token.line());
    }

    private Expr strings(int line) {
        StringBuilder text = new StringBuilder();
        while (stream.current().is(Token.Type.STRING)) {
            text.append(stream.next().text());
        }
        return new Expr.Const(text.toString(), line);
    }

    private Expr brackets(Token token) {
        if (stream.skipOperator("(")) {
            Expr inside = tuple(true, true);
            stream.expectOperator(")");
            return inside;
        }
        if (stream.skipOperator("[")) {
            return new Expr.ListOf(items("]", this::expression), token.line());
        }
        if (stream.skipOperator("{")) {
            List<Expr> pairs = new ArrayList<>();
            items("}", () -> {
                Expr key = expression();
                pairs.add(key);
                stream.expectOperator(":");
                pairs.add(expression());
                return key;
            });
            return new Expr.DictOf(pairs, token.line());
        }
        throw stream.fail("unexpected " + token.said());
    }

    private List<Expr> items(String close, Rule item) {
        List<Expr> items = new ArrayList<>();
        while (!stream.current().isOperator(close)) {
            if (!items.isEmpty()) {
                stream.expectOperator(",");
            }
            if (stream.current().isOperator(close)) {
                break;
            }
            items.add(item.parse());
        }
        stream.expectOperator(close);
        return items;
    }

    /**
     * An expression, or a tuple where commas follow.
     *
     * @param inBrackets whether it stands in parentheses, where it may be empty
     */
    Expr tuple(boolean conditional, boolean inBrackets) {
        return tuple(() -> expression(conditional), inBrackets);
    }

    private Expr tuple(Rule item, boolean inBrackets) {
        int line = stream.line();
        List<Expr> items = new ArrayList<>();
        boolean isTuple = false;
        while (true) {
            if (!items.isEmpty()) {
                stream.expectOperator(",");
            }
            if (endsTuple()) {
                break;
            }
            items.add(item.parse());
            if (!stream.current().isOperator(",")) {
                break;
            }
            isTuple = true;
            line = stream.line();
        }
        if (!isTuple && items.size() == 1) {
            return items.get(0);
        }
        if (!isTuple && !inBrackets) {
            throw stream.fail("expected an expression, got " + stream.current().said());
        }
        return new Expr.TupleOf(items, line);
    }

    private boolean endsTuple() {
        Token token = stream.current();
        return token.is(Token.Type.VARIABLE_END) || token.is(Token.Type.BLOCK_END) || token.isOperator(")");
    }

    /** What is assigned to: names, tuples of them and, where allowed, attributes of namespaces. */
    Expr target(boolean namespaces, Expr.Use use) {
        return assignable(tuple(() -> primary(namespaces), false), use);
    }

    private Expr assignable(Expr parsed, Expr.Use use) {
        if (parsed instanceof Expr.Name name) {
            return new Expr.Name(name.name(), use, name.line());
        }
        if (parsed instanceof Expr.TupleOf tuple) {
            return new Expr.TupleOf(
                    tuple.items().stream().map(item -> assignable(item, use)).toList(), tuple.line());
        }
        if (parsed instanceof Expr.NamespaceRef) {
            return parsed;
        }
        throw PyError.syntax("can't assign to this expression: expected a name", parsed.line());
    }

    /** The name of a parameter or a macro. */
    Expr.Name targetName(Expr.Use use) {
        Token token = stream.expect(Token.Type.NAME);
        if (Set.of("true", "false", "none", "True", "False", "None").contains(token.text())) {
            throw PyError.syntax("can't assign to " + token.text(), token.line());
        }
        return new Expr.Name(token.text(), use, token.line());
    }

    private Expr postfix(Expr operand) {
        Expr parsed = operand;
        for (int chained = 0; ; chained = stream.chained(chained)) {
            Token token = stream.current();
            if (stream.skipOperator(".")) {
                parsed = attribute(parsed, token.line());
            } else if (stream.skipOperator("[")) {
                parsed = new Expr.Item(parsed, key(token.line()), token.line());
            } else if (token.isOperator("(")) {
                parsed = new Expr.Call(parsed, arguments(), token.line());
            } else {
                return parsed;
            }
        }
    }

    private Expr attribute(Expr operand, int line) {
        Token token = stream.next();
        if (token.is(Token.Type.NAME)) {
            return new Expr.Attribute(operand, token.text(), line);
        }
        if (token.is(Token.Type.INTEGER)) {
            return new Expr.Item(operand, new Expr.Const(token.value(), line), line);
        }
        throw stream.fail("expected name or number, got " + token.said());
    }

    private Expr key(int line) {
        List<Expr> keys = new ArrayList<>();
        while (!stream.current().isOperator("]")) {
            if (!keys.isEmpty()) {
                stream.expectOperator(",");
            }
            keys.add(subscript());
        }
        stream.expectOperator("]");
        return keys.size() == 1 ? keys.get(0) : new Expr.TupleOf(keys, line);
    }

    private Expr subscript() {
        int line = stream.line();
        Expr start = null;
        if (!stream.skipOperator(":")) {
            start = expression();
            if (!stream.skipOperator(":")) {
                return start;
            }
        }
        Expr stop = stream.current().isOperator(":") ? null : bound();
        Expr step = stream.skipOperator(":") ? bound() : null;
        return new Expr.Slice(start, stop, step, line);
    }

    private @Nullable Expr bound() {
        boolean absent = stream.current().isOperator("]") || stream.current().isOperator(",");
        return absent ? null : expression();
    }

    private Expr.CallArgs arguments() {
        stream.expectOperator("(");
        List<Expr> positional = new ArrayList<>();
        List<String> names = new ArrayList<>();
        List<Expr> named = new ArrayList<>();
        Expr moreList = null;
        Expr moreNamed = null;
        boolean first = true;
        while (!stream.current().isOperator(")")) {
            if (!first) {
                stream.expectOperator(",");
                if (stream.current().isOperator(")")) {
                    break;
                }
            }
            first = false;
            if (stream.current().isOperator("*")) {
                ensure(moreList == null && moreNamed == null);
                stream.next();
                moreList = expression();
            } else if (stream.current().isOperator("**")) {
                ensure(moreNamed == null);
                stream.next();
                moreNamed = expression();
            } else if (stream.current().is(Token.Type.NAME) && stream.look().isOperator("=")) {
                ensure(moreNamed == null && !names.contains(stream.current().text()));
                names.add(stream.next().text());
                stream.next();
                named.add(expression());
            } else {
                ensure(moreList == null && moreNamed == null && names.isEmpty());
                positional.add(expression());
            }
        }
        stream.expectOperator(")");
        return new Expr.CallArgs(positional, names, named, moreList, moreNamed);
    }

    private void ensure(boolean valid) {
        if (!valid) {
            throw stream.fail("invalid order of arguments, or an argument that is given twice");
        }
    }

    private Expr filters(Expr operand) {
        Expr parsed = operand;
        for (int chained = 0; ; chained = stream.chained(chained)) {
            Token token = stream.current();
            if (token.isOperator("|")) {
                stream.next();
                parsed = filter(parsed);
            } else if (token.isName("is")) {
                parsed = test(parsed);
            } else if (token.isOperator("(")) {
                parsed = new Expr.Call(parsed, arguments(), token.line());
            } else {
                return parsed;
            }
        }
    }

    private String dotted() {
        StringBuilder name = new StringBuilder(stream.expectName());
        while (stream.skipOperator(".")) {
            name.append('.').append(stream.expectName());
        }
        return name.toString();
    }

    private Expr.Filter filter(@Nullable Expr operand) {
        int line = stream.line();
        String name = dotted();
        Expr.CallArgs args = stream.current().isOperator("(") ? arguments() : Expr.CallArgs.NONE;
        return new Expr.Filter(operand, name, args, line);
    }

    /** Filters in a row without an operand; null where there is none and {@code first} is not asked for. */
    Expr.@Nullable Filter filtersOfBlock(boolean first) {
        Expr.Filter parsed = first ? filter(null) : null;
        for (int chained = 0; stream.skipOperator("|"); chained = stream.chained(chained)) {
            parsed = filter(parsed);
        }
        return parsed;
    }

    private Expr test(Expr operand) {
        int line = stream.next().line();
        boolean negated = stream.skipName("not");
        String name = dotted();
        Expr.CallArgs args = Expr.CallArgs.NONE;
        Token token = stream.current();
        if (token.isOperator("(")) {
            args = arguments();
        } else if (takesArgument(token)) {
            if (token.isName("is")) {
                throw stream.fail("You cannot chain multiple tests with is");
            }
            Expr argument = postfix(primary(false));
            args = new Expr.CallArgs(List.of(argument), List.of(), List.of(), null, null);
        }
        Expr parsed = new Expr.Test(operand, name, args, line);
        return negated ? new Expr.Unary("not", parsed, line) : parsed;
    }

    private static boolean takesArgument(Token token) {
        return switch (token.type()) {
            case NAME -> !Set.of("else", "or", "and").contains(token.text());
            case STRING, INTEGER, FLOAT -> true;
            default -> token.isOperator("[") || token.isOperator("{");
        };
    }
}
