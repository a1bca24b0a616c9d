package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds the names of a scope, in jinja2's order; scopes inside are left to themselves. */
final class SymbolFinder {
    private Symbols symbols;

    SymbolFinder(Symbols symbols) {
        this.symbols = symbols;
    }

    void all(List<? extends Node> nodes) {
        nodes.forEach(node -> visit(node, false));
    }

    /** The target of a loop: its names are set before the loop's body. */
    void parameters(Node target) {
        visit(target, true);
    }

    private void visit(Node node, boolean asParameter) {
        if (node instanceof Expr.Name name) {
            name(name, asParameter);
        } else if (node instanceof Expr.NamespaceRef ref) {
            symbols.load(ref.name());
        } else if (node instanceof Stmt statement) {
            statement(statement);
        } else {
            node.children().forEach(child -> visit(child, asParameter));
        }
    }

    private void name(Expr.Name name, boolean asParameter) {
        if (asParameter || name.use() == Expr.Use.PARAMETER) {
            symbols.declareParameter(name.name());
        } else if (name.use() == Expr.Use.STORE) {
            symbols.store(name.name());
        } else {
            symbols.load(name.name());
        }
    }

    private void statement(Stmt statement) {
        if (statement instanceof Stmt.If branch) {
            branches(branch);
        } else if (statement instanceof Stmt.MacroDef macro) {
            symbols.store(macro.name());
        } else if (statement instanceof Stmt.Assign assign) {
            all(List.of(assign.value(), assign.target()));
        } else if (statement instanceof Stmt.AssignBlock assign) {
            all(List.of(assign.target()));
        } else if (statement instanceof Stmt.For loop) {
            all(List.of(loop.iterable()));
        } else if (statement instanceof Stmt.CallBlock call) {
            all(List.of(call.call()));
        } else if (statement instanceof Stmt.FilterBlock filter) {
            all(List.of(filter.filter()));
        } else if (statement instanceof Stmt.With with) {
            all(with.values());
        } else if (statement instanceof Stmt.Output output) {
            all(output.values());
        }
    }

    private void branches(Stmt.If branch) {
        visit(branch.test(), false);
        List<Symbols> branches = new ArrayList<>();
        for (List<? extends Stmt> body : List.of(branch.body(), branch.elifs(), branch.otherwise())) {
            Symbols before = symbols;
            symbols = before.copy();
            all(body);
            branches.add(symbols);
            symbols = before;
        }
        symbols.update(branches);
    }

    /** Which of the names are read before anything sets them; blocks are not looked into. */
    static Set<String> undeclared(List<? extends Node> nodes, String... names) {
        Set<String> open = new HashSet<>(Set.of(names));
        Set<String> found = new HashSet<>();
        nodes.forEach(node -> undeclared(node, open, found));
        return found;
    }

    private static void undeclared(Node node, Set<String> open, Set<String> found) {
        if (node instanceof Expr.Name name) {
            if (name.use() != Expr.Use.LOAD) {
                open.remove(name.name());
            } else if (open.contains(name.name())) {
                found.add(name.name());
            }
        } else if (!(node instanceof Stmt.Block)) {
            node.children().forEach(child -> undeclared(child, open, found));
        }
    }
}
