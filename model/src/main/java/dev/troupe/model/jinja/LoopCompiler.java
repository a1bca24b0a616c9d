package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Compiles loops. */
final class LoopCompiler {
    private final StatementCompiler statements;
    private final ExpressionCompiler expressions;

    LoopCompiler(StatementCompiler statements, ExpressionCompiler expressions) {
        this.statements = statements;
        this.expressions = expressions;
    }

    /** Goes over values. */
    private interface Body {
        Code.Signal run(Locals locals, Sink out, Object values, @Nullable Recursion recursion, int depth);
    }

    /** A recursive loop, as {@code loop(values)} calls it. */
    interface Recursion {
        String render(Object values, int depth);
    }

    Code.Exec compile(Stmt.For loop, Scope scope) {
        checkNames(loop);
        Scope inner = loop.recursive() ? scope.innerFunction() : scope.inner();
        Body body = body(loop, scope, inner);
        Code.Eval values = expressions.compile(loop.iterable(), scope);
        if (!loop.recursive()) {
            return (locals, out) -> body.run(locals, out, values.eval(locals), null, 0);
        }
        return StatementCompiler.writing(
                locals -> new Recursive(body, locals, inner.function()).render(values.eval(locals), 0));
    }

    private record Recursive(Body body, Locals around, FunctionScope function) implements Recursion {
        @Override
        public String render(Object values, int depth) {
            Run run = around.run();
            run.enterCall();
            Sink out = new Sink(false);
            body.run(around.inner(function), out, values, this, depth);
            run.leaveCall();
            return run.text(out.text());
        }
    }

    private static void checkNames(Stmt.For loop) {
        if (loop.any(node -> node instanceof Expr.Name name
                && name.use() == Expr.Use.STORE
                && name.name().equals("loop"))) {
            throw PyError.syntax("Can't assign to special loop variable in for-loop target", loop.line());
        }
    }

    private Body body(Stmt.For loop, Scope scope, Scope outerInner) {
        Scope inner = outerInner.looping();
        boolean extended = loop.recursive()
                || SymbolFinder.undeclared(loop.body(), "loop").contains("loop")
                || loop.any(node -> node instanceof Stmt.Block block && block.scoped());
        Code.Store loopStore = extended ? inner.write(inner.symbols().declareParameter("loop")) : (locals, value) -> {};
        SymbolFinder finder = new SymbolFinder(inner.symbols());
        finder.parameters(loop.target());
        finder.all(loop.body());
        Filtered filtered = loop.test() == null ? null : new Filtered(loop.target(), loop.test(), scope, inner);
        Code.Store target = statements.store(loop.target(), inner);
        Code.Exec enter = inner.enter();
        Code.Exec body = statements.sequence(loop.body(), inner);
        Code.Exec otherwise = otherwise(loop, scope, outerInner);
        return (locals, out, values, recursion, depth) -> {
            Object all = filtered == null ? values : filtered.over(locals, values);
            LoopContext context = extended ? new LoopContext(all, recursion, depth) : null;
            Iterator<Object> items = context == null ? Types.iterate(all) : context;
            loopStore.store(locals, Missing.MISSING);
            boolean none = true;
            while (items.hasNext()) {
                locals.run().enter();
                locals.run().leave();
                target.store(locals, items.next());
                loopStore.store(locals, context == null ? Missing.MISSING : context);
                enter.run(locals, out);
                Code.Signal signal = body.run(locals, out);
                if (signal == Code.Signal.BREAK) {
                    break;
                }
                // As in jinja2, an iteration that continue ends does not count for the else branch.
                none &= signal == Code.Signal.CONTINUE;
            }
            inner.leave(locals);
            return none ? otherwise.run(locals, out) : Code.Signal.NORMAL;
        };
    }

    private Code.Exec otherwise(Stmt.For loop, Scope scope, Scope inner) {
        if (loop.otherwise().isEmpty()) {
            return (locals, out) -> Code.Signal.NORMAL;
        }
        Scope branch = loop.recursive() ? scope.sharing(inner) : scope.inner();
        new SymbolFinder(branch.symbols()).all(loop.otherwise());
        Code.Exec enter = branch.enter();
        Code.Exec body = statements.sequence(loop.otherwise(), branch);
        return (locals, out) -> {
            enter.run(locals, out);
            Code.Signal signal = body.run(locals, out);
            if (signal == Code.Signal.NORMAL) {
                branch.leave(locals);
            }
            return signal;
        };
    }

    /** The test of a loop, applied to an item when it is asked for. */
    private final class Filtered {
        private final Scope scope;
        private final Code.Exec enter;
        private final Code.Store target;
        private final Code.Eval test;
        private final Code.Eval item;

        Filtered(Expr target, Expr test, Scope around, Scope loop) {
            this.scope = around.innerFunction(loop.function());
            SymbolFinder finder = new SymbolFinder(scope.symbols());
            finder.parameters(target);
            finder.all(List.of(test));
            this.enter = scope.enter();
            this.target = statements.store(target, scope);
            this.test = expressions.compile(test, scope);
            this.item = item(target);
        }

        /** What the loop sees of an item: what its target took from it. */
        private Code.Eval item(Expr part) {
            if (part instanceof Expr.Name name) {
                return scope.read(scope.symbols().ref(name.name(), name.line()));
            }
            List<Code.Eval> parts = new ArrayList<>();
            ((Expr.TupleOf) part).items().forEach(each -> parts.add(item(each)));
            return locals ->
                    new PyTuple(parts.stream().map(each -> each.eval(locals)).toList());
        }

        Object over(Locals locals, Object values) {
            return PyIterator.generator("test", () -> {
                Locals own = locals.inner(scope.function());
                enter.run(own, new Sink(false));
                return new Selected(Types.iterate(values), each -> {
                    target.store(own, each);
                    return Types.truth(test.eval(own)) ? item.eval(own) : Missing.MISSING;
                });
            });
        }
    }
}
