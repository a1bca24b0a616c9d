package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;

/**
 * A scope while it is compiled.
 *
 * @param outermost whether what it sets is seen by blocks
 * @param soft whether it is inside an if, where an unknown filter fails only when it is reached
 * @param inLoop whether break and continue have a loop in the same function
 */
record Scope(Symbols symbols, FunctionScope function, boolean outermost, boolean soft, boolean inLoop) {
    static Scope root(boolean outermost) {
        FunctionScope function = new FunctionScope(null);
        return new Scope(new Symbols(null, function), function, outermost, false, false);
    }

    Scope inner() {
        return new Scope(new Symbols(symbols, function), function, false, false, inLoop);
    }

    Scope innerFunction() {
        return innerFunction(function);
    }

    /** A function inside another one, which sees the names that this scope sees. */
    Scope innerFunction(FunctionScope around) {
        FunctionScope made = new FunctionScope(around);
        return new Scope(new Symbols(symbols, made), made, false, false, false);
    }

    /** A scope of the same function as another one. */
    Scope sharing(Scope other) {
        return new Scope(new Symbols(symbols, other.function), other.function, false, false, other.inLoop);
    }

    Scope soften() {
        return new Scope(symbols, function, outermost, true, inLoop);
    }

    Scope looping() {
        return new Scope(symbols, function, outermost, soft, true);
    }

    Code.Eval read(Symbols.Ref ref) {
        int hops = function.hops(ref.function());
        int slot = ref.slot();
        return locals -> locals.up(hops).get(slot);
    }

    Code.Store write(Symbols.Ref ref) {
        int hops = function.hops(ref.function());
        int slot = ref.slot();
        return (locals, value) -> locals.up(hops).set(slot, value);
    }

    /** Gives the scope's variables the values they begin with. */
    Code.Exec enter() {
        List<Code.Exec> steps = new ArrayList<>();
        symbols.loads().forEach((ref, load) -> {
            Code.Store store = write(ref);
            switch (load.source()) {
                case RESOLVE -> steps.add(step(store, locals -> locals.run().resolve(ref.name())));
                case ALIAS -> steps.add(step(store, read(load.outer())));
                case UNDEFINED -> steps.add(step(store, locals -> Missing.MISSING));
                default -> {}
            }
        });
        return (locals, out) -> {
            steps.forEach(step -> step.run(locals, out));
            return Code.Signal.NORMAL;
        };
    }

    private static Code.Exec step(Code.Store store, Code.Eval value) {
        return (locals, out) -> {
            store.store(locals, value.eval(locals));
            return Code.Signal.NORMAL;
        };
    }

    /** Takes the values from the scope's variables. */
    void leave(Locals locals) {
        symbols.loads().keySet().forEach(ref -> locals.set(ref.slot(), Missing.MISSING));
    }
}
