package dev.troupe.model.jinja;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.UnaryOperator;

/** The results of a function on items that are not {@link Missing}, each computed when it is asked for. */
final class Selected implements Iterator<Object> {
    private final Iterator<Object> items;
    private final UnaryOperator<Object> function;
    private Object next = Missing.MISSING;

    Selected(Iterator<Object> items, UnaryOperator<Object> function) {
        this.items = items;
        this.function = function;
    }

    @Override
    public boolean hasNext() {
        while (next == Missing.MISSING && items.hasNext()) {
            next = function.apply(items.next());
        }
        return next != Missing.MISSING;
    }

    @Override
    public Object next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Object result = next;
        next = Missing.MISSING;
        return result;
    }
}
