package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The variable {@code loop}. */
final class LoopContext implements Iterator<Object>, PyCallable, Members {
    private final Object values;
    private Iterator<Object> items;
    private final LoopCompiler.@Nullable Recursion recursion;
    private final int depth;
    private int index0 = -1;
    private int length = -1;
    private Object after = Missing.MISSING;
    private Object current = Missing.MISSING;
    private Object before = Missing.MISSING;
    private @Nullable List<Object> lastChanged;

    LoopContext(Object values, LoopCompiler.@Nullable Recursion recursion, int depth) {
        this.values = values;
        this.items = Types.iterate(values);
        this.recursion = recursion;
        this.depth = depth;
    }

    private Object peek() {
        if (after == Missing.MISSING && items.hasNext()) {
            after = items.next();
        }
        return after;
    }

    @Override
    public boolean hasNext() {
        return after != Missing.MISSING || items.hasNext();
    }

    @Override
    public Object next() {
        Object item = after == Missing.MISSING ? items.next() : after;
        after = Missing.MISSING;
        index0++;
        before = current;
        current = item;
        return item;
    }

    /** Its own iterator: pairs of an item and the loop. */
    Iterator<Object> pairs() {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return LoopContext.this.hasNext();
            }

            @Override
            public Object next() {
                return PyTuple.of(LoopContext.this.next(), LoopContext.this);
            }
        };
    }

    int length() {
        if (length >= 0) {
            return length;
        }
        if (!(values instanceof PyIterator)) {
            length = Types.length(values);
            return length;
        }
        List<Object> rest = new ArrayList<>();
        items.forEachRemaining(rest::add);
        items = rest.iterator();
        length = rest.size() + index0 + 1 + (after == Missing.MISSING ? 0 : 1);
        return length;
    }

    @Override
    public Object member(Run run, String name) {
        return switch (name) {
            case "index" -> Numbers.of(index0 + 1L);
            case "index0" -> Numbers.of(index0);
            case "first" -> index0 == 0;
            case "last" -> peek() == Missing.MISSING;
            case "length" -> Numbers.of(length());
            case "revindex" -> Numbers.of(length() - (long) index0);
            case "revindex0" -> Numbers.of(length() - index0 - 1L);
            case "depth" -> Numbers.of(depth + 1L);
            case "depth0" -> Numbers.of(depth);
            case "previtem" -> index0 == 0 ? Undefined.hint("there is no previous item") : before;
            case "nextitem" -> peek() == Missing.MISSING ? Undefined.hint("there is no next item") : after;
            case "cycle" -> new Function("<bound method LoopContext.cycle>", (r, args) -> cycle(args));
            case "changed" -> new Function("<bound method LoopContext.changed>", (r, args) -> changed(args));
            default -> Missing.MISSING;
        };
    }

    private Object cycle(Args args) {
        List<Object> given = args.only("cycle", 0, Integer.MAX_VALUE);
        if (given.isEmpty()) {
            throw PyError.type("no items for cycling given");
        }
        return given.get(Math.floorMod(index0, given.size()));
    }

    private Object changed(Args args) {
        List<Object> given = args.only("changed", 0, Integer.MAX_VALUE);
        boolean changed = lastChanged == null || !Equality.equal(new PyTuple(lastChanged), new PyTuple(given));
        lastChanged = given;
        return changed;
    }

    @Override
    public Object call(Run run, Args args) {
        Object next = Signature.of("loop", "iterable").bind(args).get(0);
        if (recursion == null) {
            throw PyError.type("The loop must have the 'recursive' marker to be called recursively.");
        }
        return recursion.render(next, depth + 1);
    }

    @Override
    public String toString() {
        return "<LoopContext " + (index0 + 1) + "/" + length() + ">";
    }
}
