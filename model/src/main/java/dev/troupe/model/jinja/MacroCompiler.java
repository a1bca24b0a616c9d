package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Compiles macros, call blocks and generation tags. */
final class MacroCompiler {
    private final StatementCompiler statements;
    private final ExpressionCompiler expressions;

    MacroCompiler(StatementCompiler statements, ExpressionCompiler expressions) {
        this.statements = statements;
        this.expressions = expressions;
    }

    /** Makes a macro of the variables around it. */
    private interface Maker {
        Macro make(Locals locals);
    }

    Code.Exec define(Stmt.MacroDef macro, Scope scope) {
        Maker maker = macro(macro.name(), macro.signature(), scope, macro.line());
        Symbols.Ref ref = scope.symbols().ref(macro.name(), macro.line());
        Code.Store store = scope.write(ref);
        return (locals, out) -> {
            Macro made = maker.make(locals);
            store.store(locals, made);
            if (scope.outermost()) {
                locals.run().export(macro.name(), made);
            }
            return Code.Signal.NORMAL;
        };
    }

    Code.Exec callBlock(Stmt.CallBlock block, Scope scope) {
        Maker caller = macro("", block.signature(), scope, block.line());
        return StatementCompiler.writing(expressions.call(block.call(), scope, caller::make));
    }

    /** The text between the tags goes where it stands, and its place is kept. */
    Code.Exec generation(Stmt.Generation generation, Scope scope) {
        Maker body = macro("", generation.signature(), scope, generation.line());
        return (locals, out) -> {
            int start = out.length();
            out.append(Texts.of(body.make(locals).call(locals.run(), Args.of())));
            if (out.outermost()) {
                out.mark(start);
            } else {
                locals.run().lostGeneration();
            }
            return Code.Signal.NORMAL;
        };
    }

    /** A parameter's variable and its default. */
    private record Parameter(Code.Store store, Code.Eval read, Code.Eval byDefault) {}

    private Maker macro(String name, Stmt.Signature signature, Scope outer, int line) {
        Scope scope = outer.innerFunction();
        SymbolFinder finder = new SymbolFinder(scope.symbols());
        List<Node> names = Node.list(signature.parameters(), signature.defaults(), signature.body());
        finder.all(names);
        List<String> parameters =
                signature.parameters().stream().map(Expr.Name::name).toList();
        Set<String> special = SymbolFinder.undeclared(signature.body(), "caller", "kwargs", "varargs");
        List<Code.Store> slots = new ArrayList<>();
        signature
                .parameters()
                .forEach(p -> slots.add(scope.write(scope.symbols().ref(p.name(), line))));
        boolean caller = special.contains("caller");
        boolean ownCaller = parameters.contains("caller");
        if (caller
                && ownCaller
                && parameters.indexOf("caller")
                        < parameters.size() - signature.defaults().size()) {
            throw PyError.syntax("the parameter 'caller' needs a default", line);
        }
        if (caller && !ownCaller) {
            slots.add(scope.write(scope.symbols().declareParameter("caller")));
        }
        boolean kwargs = special.contains("kwargs") && !parameters.contains("kwargs");
        if (kwargs) {
            slots.add(scope.write(scope.symbols().declareParameter("kwargs")));
        }
        boolean varargs = special.contains("varargs") && !parameters.contains("varargs");
        if (varargs) {
            slots.add(scope.write(scope.symbols().declareParameter("varargs")));
        }
        finder.all(names);
        Macro.Shape shape = new Macro.Shape(name, parameters, kwargs, varargs, caller);
        List<Parameter> defaults = defaults(signature, scope, line);
        Code.Exec enter = scope.enter();
        Code.Exec body = statements.sequence(signature.body(), scope);
        return locals -> new Macro(shape, values -> {
            Locals inner = locals.inner(scope.function());
            for (int i = 0; i < slots.size(); i++) {
                slots.get(i).store(inner, values.get(i));
            }
            Sink out = new Sink(false);
            enter.run(inner, out);
            for (Parameter parameter : defaults) {
                if (parameter.read().eval(inner) == Missing.MISSING) {
                    parameter.store().store(inner, parameter.byDefault().eval(inner));
                }
            }
            body.run(inner, out);
            return out.text();
        });
    }

    private List<Parameter> defaults(Stmt.Signature signature, Scope scope, int line) {
        List<Parameter> all = new ArrayList<>();
        int without = signature.parameters().size() - signature.defaults().size();
        for (int i = 0; i < signature.parameters().size(); i++) {
            String name = signature.parameters().get(i).name();
            Symbols.Ref ref = scope.symbols().ref(name, line);
            Code.Eval byDefault = i < without
                    ? locals -> Undefined.hint("parameter " + Repr.repr(name) + " was not provided")
                    : expressions.compile(signature.defaults().get(i - without), scope);
            all.add(new Parameter(scope.write(ref), scope.read(ref), byDefault));
        }
        return all;
    }
}
