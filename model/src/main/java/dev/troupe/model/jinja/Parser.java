package dev.troupe.model.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses a template's statements. */
final class Parser {
    private static final Set<String> OTHER_FILES = Set.of("include", "import", "from", "extends");

    private final TokenStream stream;
    private final ExpressionParser expressions;
    private final Deque<String> open = new ArrayDeque<>();

    private Parser(String source) {
        this.stream = new TokenStream(Lexer.tokens(source));
        this.expressions = new ExpressionParser(stream);
    }

    static List<Stmt> parse(String source) {
        return new Parser(source).statements(null);
    }

    /** Statements up to one of the tags, which stays the current token; or up to the end. */
    private List<Stmt> statements(@Nullable Set<String> ends) {
        stream.down();
        List<Stmt> body = new ArrayList<>();
        while (!stream.current().is(Token.Type.EOF)) {
            Token token = stream.next();
            switch (token.type()) {
                case DATA -> body.add(new Stmt.Data(token.text(), token.line()));
                case VARIABLE_BEGIN -> {
                    Expr value = expressions.tuple(true, false);
                    body.add(new Stmt.Output(List.of(value), token.line()));
                    stream.expect(Token.Type.VARIABLE_END);
                }
                default -> {
                    Token tag = stream.current();
                    if (ends != null && tag.is(Token.Type.NAME) && ends.contains(tag.text())) {
                        stream.up();
                        return body;
                    }
                    body.add(statement(ends));
                    stream.expect(Token.Type.BLOCK_END);
                }
            }
        }
        if (ends != null) {
            throw stream.fail("the template ends inside " + open.peek() + ": expected " + String.join(" or ", ends));
        }
        stream.up();
        return body;
    }

    /** The body of a block whose first tag is read up to its end. */
    private List<Stmt> body(String... ends) {
        stream.skipOperator(":");
        stream.expect(Token.Type.BLOCK_END);
        return statements(Set.of(ends));
    }

    /** As {@link #body}, and reads the name of the closing tag. */
    private List<Stmt> wholeBody(String end) {
        List<Stmt> body = body(end);
        stream.next();
        return body;
    }

    private Stmt statement(@Nullable Set<String> ends) {
        Token tag = stream.current();
        if (!tag.is(Token.Type.NAME)) {
            throw stream.fail("expected the name of a tag, got " + tag.said());
        }
        open.push(tag.text());
        Stmt parsed = parse(stream.next(), ends);
        open.pop();
        return parsed;
    }

    private Stmt parse(Token tag, @Nullable Set<String> ends) {
        int line = tag.line();
        return switch (tag.text()) {
            case "for" -> forLoop(line);
            case "if" -> ifElse(line);
            case "set" -> set(line);
            case "with" -> with(line);
            case "macro" -> {
                String name = expressions.targetName(Expr.Use.STORE).name();
                yield new Stmt.MacroDef(name, signature("endmacro", true), line);
            }
            case "call" -> callBlock(line);
            case "filter" -> {
                Expr.Filter filter = Objects.requireNonNull(expressions.filtersOfBlock(true));
                yield new Stmt.FilterBlock(wholeBody("endfilter"), filter, line);
            }
            case "generation" ->
                new Stmt.Generation(new Stmt.Signature(List.of(), List.of(), wholeBody("endgeneration")), line);
            case "block" -> block(line);
            case "print" -> print(line);
            case "break" -> new Stmt.Jump(true, line);
            case "continue" -> new Stmt.Jump(false, line);
            default -> throw unknown(tag, ends);
        };
    }

    private PyError unknown(Token tag, @Nullable Set<String> ends) {
        if (OTHER_FILES.contains(tag.text())) {
            return PyError.unsupported("other files (the tag '" + tag.text() + "') are")
                    .at(tag.line());
        }
        if (tag.text().equals("autoescape")) {
            return PyError.unsupported("HTML escaping (the tag 'autoescape') is")
                    .at(tag.line());
        }
        String expected = ends == null ? "" : ", expected " + String.join(" or ", ends);
        return PyError.syntax("unknown tag '" + tag.text() + "'" + expected, tag.line());
    }

    private Stmt forLoop(int line) {
        Expr target = expressions.target(false, Expr.Use.STORE);
        if (!stream.skipName("in")) {
            throw stream.fail("expected 'in', got " + stream.current().said());
        }
        Expr iterable = expressions.tuple(false, false);
        Expr test = stream.skipName("if") ? expressions.expression() : null;
        boolean recursive = stream.skipName("recursive");
        List<Stmt> body = body("endfor", "else");
        List<Stmt> otherwise = stream.next().isName("endfor") ? List.of() : wholeBody("endfor");
        return new Stmt.For(target, iterable, body, otherwise, test, recursive, line);
    }

    private Stmt ifElse(int line) {
        Expr test = expressions.tuple(false, false);
        List<Stmt> body = body("elif", "else", "endif");
        List<Stmt.If> elifs = new ArrayList<>();
        List<Stmt> otherwise = List.of();
        Token tag = stream.next();
        while (tag.isName("elif")) {
            Expr next = expressions.tuple(false, false);
            elifs.add(new Stmt.If(next, body("elif", "else", "endif"), List.of(), List.of(), tag.line()));
            tag = stream.next();
        }
        if (tag.isName("else")) {
            otherwise = wholeBody("endif");
        }
        return new Stmt.If(test, body, elifs, otherwise, line);
    }

    private Stmt set(int line) {
        Expr target = expressions.target(true, Expr.Use.STORE);
        if (stream.skipOperator("=")) {
            return new Stmt.Assign(target, expressions.tuple(true, false), line);
        }
        Expr.Filter filter = expressions.filtersOfBlock(false);
        return new Stmt.AssignBlock(target, filter, wholeBody("endset"), line);
    }

    private Stmt with(int line) {
        List<Expr> targets = new ArrayList<>();
        List<Expr> values = new ArrayList<>();
        while (!stream.current().is(Token.Type.BLOCK_END)) {
            if (!targets.isEmpty()) {
                stream.expectOperator(",");
            }
            targets.add(expressions.target(false, Expr.Use.PARAMETER));
            stream.expectOperator("=");
            values.add(expressions.expression());
        }
        return new Stmt.With(targets, values, wholeBody("endwith"), line);
    }

    private Stmt.Signature signature(String end, boolean parentheses) {
        List<Expr.Name> parameters = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        if (parentheses) {
            stream.expectOperator("(");
            parameters(parameters, defaults);
        }
        return new Stmt.Signature(parameters, defaults, wholeBody(end));
    }

    private void parameters(List<Expr.Name> parameters, List<Expr> defaults) {
        while (!stream.current().isOperator(")")) {
            if (!parameters.isEmpty()) {
                stream.expectOperator(",");
            }
            Expr.Name name = expressions.targetName(Expr.Use.PARAMETER);
            if (parameters.stream().anyMatch(other -> other.name().equals(name.name()))) {
                throw stream.fail("the parameter " + name.name() + " is given twice");
            }
            parameters.add(name);
            if (stream.skipOperator("=")) {
                defaults.add(expressions.expression());
            } else if (!defaults.isEmpty()) {
                throw stream.fail("non-default argument follows default argument");
            }
        }
        stream.expectOperator(")");
    }

    private Stmt callBlock(int line) {
        List<Expr.Name> parameters = new ArrayList<>();
        List<Expr> defaults = new ArrayList<>();
        if (stream.skipOperator("(")) {
            parameters(parameters, defaults);
        }
        Expr call = expressions.expression();
        if (!(call instanceof Expr.Call made)) {
            throw PyError.syntax("the tag 'call' needs a call", line);
        }
        return new Stmt.CallBlock(made, new Stmt.Signature(parameters, defaults, wholeBody("endcall")), line);
    }

    private Stmt block(int line) {
        String name = stream.expectName();
        boolean scoped = stream.skipName("scoped");
        boolean required = stream.skipName("required");
        List<Stmt> body = wholeBody("endblock");
        boolean blank =
                body.stream().allMatch(s -> s instanceof Stmt.Data d && d.text().isBlank());
        if (required && !blank) {
            throw PyError.syntax("Required blocks can only contain comments or whitespace", line);
        }
        stream.skipName(name);
        return new Stmt.Block(name, body, scoped, required, line);
    }

    private Stmt print(int line) {
        List<Expr> values = new ArrayList<>();
        while (!stream.current().is(Token.Type.BLOCK_END)) {
            if (!values.isEmpty()) {
                stream.expectOperator(",");
            }
            values.add(expressions.expression());
        }
        return new Stmt.Output(values, line);
    }
}
