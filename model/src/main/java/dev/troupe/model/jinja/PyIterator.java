package dev.troupe.model.jinja;

import java.util.Iterator;
import java.util.function.Supplier;

/** What filters such as map and select return: items that are computed when asked for, and only once. */
final class PyIterator implements Iterator<Object> {
    /** What Python prints behind the name of an object without a text of its own; the number means nothing. */
    static final String ADDRESS = " at 0x7f0000000000>";

    private final String typeName;
    private final String function;
    private Supplier<Iterator<Object>> source;
    private boolean started;
    private Iterator<Object> items = java.util.Collections.emptyIterator();

    private PyIterator(String typeName, String function, Supplier<Iterator<Object>> source) {
        this.typeName = typeName;
        this.function = function;
        this.source = source;
    }

    /** @param function the name of the function in jinja2 that makes the items */
    static PyIterator generator(String function, Supplier<Iterator<Object>> source) {
        return new PyIterator("generator", " " + function, source);
    }

    /** What the filter reverse makes of a value of a type. */
    static PyIterator reversed(String of, Supplier<Iterator<Object>> source) {
        String type = switch (of) {
            case "list" -> "list_reverseiterator";
            case "range" -> "range_iterator";
            case "dict", "dict_keys" -> "dict_reversekeyiterator";
            case "dict_values" -> "dict_reversevalueiterator";
            case "dict_items" -> "dict_reverseitemiterator";
            default -> "reversed";
        };
        return new PyIterator(type, "", source);
    }

    String printed() {
        return "<" + typeName + " object" + function + ADDRESS;
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
