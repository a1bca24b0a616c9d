package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Compiles statements. */
final class StatementCompiler {
    private final ExpressionCompiler expressions;
    private final MacroCompiler macros;
    private final LoopCompiler loops;
    private final Map<String, Code.Exec> blocks = new HashMap<>();
    private int texts;

    private StatementCompiler(Run folding) {
        this.expressions = new ExpressionCompiler(folding);
        this.macros = new MacroCompiler(this, expressions);
        this.loops = new LoopCompiler(this, expressions);
    }

    /** A template's code, and the function whose variables it uses. */
    record Compiled(Code.Exec code, FunctionScope function) {}

    static Compiled compile(List<Stmt> body) {
        StatementCompiler compiler = new StatementCompiler(Run.folding());
        compiler.refuseSelf(body);
        Scope root = Scope.root(true);
        new SymbolFinder(root.symbols()).all(body);
        Code.Exec statements = compiler.sequence(body, root);
        Code.Exec enter = root.enter();
        compiler.expressions.checkNames();
        return new Compiled(
                (locals, out) -> {
                    enter.run(locals, out);
                    return statements.run(locals, out);
                },
                root.function());
    }

    private void refuseSelf(List<? extends Node> body) {
        for (Node node : body) {
            if (!SymbolFinder.undeclared(List.of(node), "self").isEmpty()) {
                throw PyError.unsupported("the name 'self' (blocks by name) is").at(node.line());
            }
        }
    }

    Code.Exec sequence(List<? extends Stmt> body, Scope scope) {
        List<Code.Exec> all = new ArrayList<>();
        for (Stmt statement : body) {
            all.add(located(statement.line(), compile(statement, scope)));
        }
        Code.Exec[] steps = all.toArray(Code.Exec[]::new);
        return (locals, out) -> {
            for (Code.Exec step : steps) {
                Code.Signal signal = step.run(locals, out);
                if (signal != Code.Signal.NORMAL) {
                    return signal;
                }
            }
            return Code.Signal.NORMAL;
        };
    }

    private static Code.Exec located(int line, Code.Exec code) {
        return (locals, out) -> {
            try {
                return code.run(locals, out);
            } catch (PyError e) {
                throw e.at(line);
            }
        };
    }

    private Code.Exec compile(Stmt statement, Scope scope) {
        if (statement instanceof Stmt.Data data) {
            return writing(locals -> data.text());
        }
        if (statement instanceof Stmt.Output output) {
            return output(output, scope);
        }
        if (statement instanceof Stmt.If branch) {
            return ifElse(branch, scope);
        }
        if (statement instanceof Stmt.For loop) {
            return loops.compile(loop, scope);
        }
        if (statement instanceof Stmt.Assign assign) {
            return assign(assign, scope);
        }
        if (statement instanceof Stmt.AssignBlock assign) {
            return assignBlock(assign, scope);
        }
        if (statement instanceof Stmt.With with) {
            return with(with, scope);
        }
        if (statement instanceof Stmt.FilterBlock filter) {
            return filterBlock(filter, scope);
        }
        if (statement instanceof Stmt.MacroDef macro) {
            return macros.define(macro, scope);
        }
        if (statement instanceof Stmt.CallBlock call) {
            return macros.callBlock(call, scope);
        }
        if (statement instanceof Stmt.Generation generation) {
            return macros.generation(generation, scope);
        }
        if (statement instanceof Stmt.Block block) {
            return block(block, scope);
        }
        return jump((Stmt.Jump) statement, scope);
    }

    private static Code.Exec jump(Stmt.Jump jump, Scope scope) {
        if (!scope.inLoop()) {
            throw PyError.syntax(jump.ends() ? "'break' outside loop" : "'continue' outside loop", jump.line());
        }
        return (locals, out) -> jump.ends() ? Code.Signal.BREAK : Code.Signal.CONTINUE;
    }

    /** Writes a text; another value is an error. */
    static Code.Exec writing(Code.Eval text) {
        return (locals, out) -> {
            out.append(Texts.of(text.eval(locals)));
            return Code.Signal.NORMAL;
        };
    }

    private Code.Exec output(Stmt.Output output, Scope scope) {
        List<Code.Eval> values = new ArrayList<>();
        output.values().forEach(value -> values.add(expressions.printed(value, scope)));
        return (locals, out) -> {
            for (Code.Eval value : values) {
                out.append(Repr.str(value.eval(locals)));
            }
            return Code.Signal.NORMAL;
        };
    }

    private Code.Exec ifElse(Stmt.If branch, Scope frame) {
        Scope scope = frame.soften();
        List<Code.Eval> tests = new ArrayList<>();
        List<Code.Exec> bodies = new ArrayList<>();
        tests.add(expressions.compile(branch.test(), scope));
        bodies.add(sequence(branch.body(), scope));
        for (Stmt.If elif : branch.elifs()) {
            tests.add(expressions.compile(elif.test(), scope));
            bodies.add(sequence(elif.body(), scope));
        }
        Code.Exec otherwise = sequence(branch.otherwise(), scope);
        return (locals, out) -> {
            for (int i = 0; i < tests.size(); i++) {
                if (Types.truth(tests.get(i).eval(locals))) {
                    return bodies.get(i).run(locals, out);
                }
            }
            return otherwise.run(locals, out);
        };
    }

    /** What assigns a value to a target, tuples taken apart. */
    Code.Store store(Expr target, Scope scope) {
        if (target instanceof Expr.Name name) {
            return scope.write(scope.symbols().ref(name.name(), name.line()));
        }
        if (target instanceof Expr.NamespaceRef ref) {
            Code.Eval read = scope.read(scope.symbols().ref(ref.name(), ref.line()));
            return (locals, value) -> setItem(read.eval(locals), ref.attribute(), value);
        }
        List<Code.Store> parts = new ArrayList<>();
        ((Expr.TupleOf) target).items().forEach(item -> parts.add(store(item, scope)));
        return (locals, value) -> {
            List<Object> values = unpacked(value, parts.size());
            for (int i = 0; i < parts.size(); i++) {
                parts.get(i).store(locals, values.get(i));
            }
        };
    }

    private static void setItem(Object owner, String name, Object value) {
        if (owner instanceof Namespace namespace) {
            namespace.set(name, value);
        } else if (owner instanceof PyDict dict) {
            dict.put(name, value);
        } else {
            throw PyError.template("cannot assign attribute on non-namespace object");
        }
    }

    private static List<Object> unpacked(Object value, int wanted) {
        if (!Types.iterable(value)) {
            throw PyError.type("cannot unpack non-iterable " + Types.name(value) + " object");
        }
        List<Object> values = Types.list(value);
        if (values.size() != wanted) {
            throw PyError.value("expected " + wanted + " values to unpack, got " + values.size());
        }
        return values;
    }

    private Code.Exec assign(Stmt.Assign assign, Scope scope) {
        List<Code.Eval> owners = new ArrayList<>();
        owners(assign.target(), scope, owners);
        Code.Eval value = expressions.compile(assign.value(), scope);
        Code.Store store = store(assign.target(), scope);
        Code.Exec export = export(assign.target(), scope);
        return (locals, out) -> {
            for (Code.Eval owner : owners) {
                if (!(owner.eval(locals) instanceof Namespace)) {
                    throw PyError.template("cannot assign attribute on non-namespace object");
                }
            }
            store.store(locals, value.eval(locals));
            return export.run(locals, out);
        };
    }

    private static void owners(Expr target, Scope scope, List<Code.Eval> owners) {
        if (target instanceof Expr.NamespaceRef ref) {
            owners.add(scope.read(scope.symbols().ref(ref.name(), ref.line())));
        } else if (target instanceof Expr.TupleOf tuple) {
            tuple.items().forEach(item -> owners(item, scope, owners));
        }
    }

    /** Lets blocks see the names that the outermost scope sets. */
    private static Code.Exec export(Expr target, Scope scope) {
        List<Symbols.Ref> refs = new ArrayList<>();
        if (scope.outermost()) {
            names(target, scope, refs);
        }
        return (locals, out) -> {
            refs.forEach(ref -> locals.run().export(ref.name(), locals.get(ref.slot())));
            return Code.Signal.NORMAL;
        };
    }

    private static void names(Expr target, Scope scope, List<Symbols.Ref> refs) {
        if (target instanceof Expr.Name name) {
            refs.add(scope.symbols().ref(name.name(), name.line()));
        } else if (target instanceof Expr.TupleOf tuple) {
            tuple.items().forEach(item -> names(item, scope, refs));
        }
    }

    /** A body that writes into a text of its own. */
    private record Captured(Code.Exec enter, Code.Exec body, Scope scope) {}

    private Captured captured(List<Stmt> body, Scope inner) {
        return new Captured(inner.enter(), sequence(body, inner), inner);
    }

    private Code.Exec assignBlock(Stmt.AssignBlock assign, Scope scope) {
        Scope inner = scope.inner();
        new SymbolFinder(inner.symbols()).all(assign.body());
        Captured captured = captured(assign.body(), inner);
        Code.Store store = store(assign.target(), scope);
        Code.Exec export = export(assign.target(), scope);
        int slot = textSlot(inner);
        Code.Eval text = locals -> locals.get(slot);
        Code.Eval value = assign.filter() == null ? text : expressions.filter(assign.filter(), inner, text);
        return (locals, out) -> {
            Sink buffer = new Sink(false);
            captured.enter().run(locals, buffer);
            Code.Signal signal = captured.body().run(locals, buffer);
            if (signal == Code.Signal.NORMAL) {
                locals.set(slot, locals.run().text(buffer.text()));
                store.store(locals, value.eval(locals));
                export.run(locals, out);
                inner.leave(locals);
            }
            return signal;
        };
    }

    /** A hidden variable that holds a block's text for the filters behind its tag. */
    private int textSlot(Scope scope) {
        return scope.function().slot(-1, "text " + ++texts);
    }

    private Code.Exec filterBlock(Stmt.FilterBlock block, Scope scope) {
        Scope inner = scope.inner();
        new SymbolFinder(inner.symbols()).all(Node.list(block.body(), block.filter()));
        Captured captured = captured(block.body(), inner);
        int slot = textSlot(inner);
        Code.Eval value = expressions.filter(block.filter(), inner, locals -> locals.get(slot));
        return (locals, out) -> {
            Sink buffer = new Sink(false);
            captured.enter().run(locals, buffer);
            Code.Signal signal = captured.body().run(locals, buffer);
            if (signal == Code.Signal.NORMAL) {
                locals.set(slot, locals.run().text(buffer.text()));
                out.append(Texts.of(value.eval(locals)));
                inner.leave(locals);
            }
            return signal;
        };
    }

    private Code.Exec with(Stmt.With with, Scope scope) {
        Scope inner = scope.inner();
        SymbolFinder finder = new SymbolFinder(inner.symbols());
        finder.all(with.targets());
        finder.all(with.body());
        List<Code.Store> targets = new ArrayList<>();
        List<Code.Eval> values = new ArrayList<>();
        with.targets().forEach(target -> targets.add(store(target, inner)));
        with.values().forEach(value -> values.add(expressions.compile(value, scope)));
        Captured captured = captured(with.body(), inner);
        return (locals, out) -> {
            captured.enter().run(locals, out);
            for (int i = 0; i < targets.size(); i++) {
                targets.get(i).store(locals, values.get(i).eval(locals));
            }
            Code.Signal signal = captured.body().run(locals, out);
            if (signal == Code.Signal.NORMAL) {
                inner.leave(locals);
            }
            return signal;
        };
    }

    private Code.Exec block(Stmt.Block block, Scope scope) {
        if (!SymbolFinder.undeclared(block.body(), "self", "super").isEmpty()) {
            throw PyError.unsupported("the names 'self' and 'super' (blocks by name) are")
                    .at(block.line());
        }
        Scope root = Scope.root(false);
        new SymbolFinder(root.symbols()).all(block.body());
        Code.Exec body = sequence(block.body(), root);
        Code.Exec enter = root.enter();
        if (blocks.put(block.name(), body) != null) {
            throw PyError.syntax("block '" + block.name() + "' defined twice", block.line());
        }
        Map<String, Code.Eval> seen = new HashMap<>();
        if (block.scoped()) {
            scope.symbols().allStores().forEach((name, ref) -> seen.put(name, scope.read(ref)));
        }
        return (locals, out) -> {
            if (block.required()) {
                throw PyError.template("Required block '" + block.name() + "' not found");
            }
            Run run = locals.run();
            Map<String, Object> before = run.exportedCopy();
            seen.forEach((name, value) -> run.exportUnlessMissing(name, value.eval(locals)));
            Locals inner = Locals.outermost(run, root.function());
            enter.run(inner, out);
            body.run(inner, out);
            run.restore(before);
            return Code.Signal.NORMAL;
        };
    }
}
