package dev.troupe.model.jinja;

import java.util.Iterator;
import java.util.function.Supplier;

/** What filters such as map and select return: items that are computed when asked for, and only once. */
final class PyIterator implements Iterator<Object> {
    private final String typeName;
    private Supplier<Iterator<Object>> source;
    private boolean started;
    private Iterator<Object> items = java.util.Collections.emptyIterator();

    PyIterator(String typeName, Supplier<Iterator<Object>> source) {
        this.typeName = typeName;
        this.source = source;
    }

    static PyIterator generator(Supplier<Iterator<Object>> source) {
        return new PyIterator("generator", source);
    }

    String typeName() {
        return typeName;
    }

    @Override
    public boolean hasNext() {
        if (!started) {
            started = true;
            items = source.get();
            source = java.util.Collections::emptyIterator;
        }
        return items.hasNext();
    }

    @Override
    public Object next() {
        if (!hasNext()) {
            throw new java.util.NoSuchElementException();
        }
        return items.next();
    }
}
