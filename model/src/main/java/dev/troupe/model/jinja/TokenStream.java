package dev.troupe.model.jinja;

import java.util.List;

/** Tokens in their order, with what a parser asks of them. */
final class TokenStream {
    private static final int DEEPEST = 150;
    private static final int LONGEST_CHAIN = 400;

    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    Token look() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        Token token = current();
        at = Math.min(at + 1, tokens.size() - 1);
        return token;
    }

    int line() {
        return current().line();
    }

    boolean skipName(String name) {
        boolean found = current().isName(name);
        if (found) {
            next();
        }
        return found;
    }

    boolean skipOperator(String sign) {
        boolean found = current().isOperator(sign);
        if (found) {
            next();
        }
        return found;
    }

    Token expect(Token.Type type) {
        if (!current().is(type)) {
            throw fail("expected " + new Token(type, "", 0, 0).said() + ", got "
                    + current().said());
        }
        return next();
    }

    void expectOperator(String sign) {
        if (!skipOperator(sign)) {
            throw fail("expected '" + sign + "', got " + current().said());
        }
    }

    String expectName() {
        if (!current().is(Token.Type.NAME)) {
            throw fail("expected a name, got " + current().said());
        }
        return next().text();
    }

    PyError fail(String message) {
        return PyError.syntax(message + " (column " + current().column() + ")", line());
    }

    /** Counts a level of nesting; the caller goes up again. */
    void down() {
        if (++depth > DEEPEST) {
            throw PyError.limit("the template is nested deeper than " + DEEPEST + " levels")
                    .at(line());
        }
    }

    void up() {
        depth--;
    }

    /** Bounds the operators, lookups or filters that follow one another. */
    int chained(int before) {
        if (before >= LONGEST_CHAIN) {
            throw PyError.limit("more than " + LONGEST_CHAIN + " operators, lookups or filters follow one another")
                    .at(line());
        }
        return before + 1;
    }
}
