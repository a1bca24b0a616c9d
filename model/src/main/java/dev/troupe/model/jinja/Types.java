package dev.troupe.model.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Python's names of types, truth, length and iteration. */
final class Types {
    private Types() {}

    /** The name of a value's type, as Python has it. */
    static String name(Object value) {
        return switch (value.getClass().getSimpleName()) {
            case "String" -> "str";
            case "Boolean" -> "bool";
            case "BigInteger" -> "int";
            case "Double" -> "float";
            case "None" -> "NoneType";
            case "PyList" -> "list";
            case "PyTuple" -> "tuple";
            case "PyDict" -> "dict";
            case "PyRange" -> "range";
            case "Markup" -> "markupsafe.Markup";
            case "DictView" -> ((DictView) value).typeName();
            case "PyIterator" -> ((PyIterator) value).typeName();
            case "Function" -> "function";
            case "SliceValue" -> "slice";
            default -> value.getClass().getSimpleName();
        };
    }

    static boolean truth(Object value) {
        if (value instanceof Boolean b) {
            return b;
        }
        if (value instanceof BigInteger i) {
            return i.signum() != 0;
        }
        if (value instanceof Double d) {
            return d != 0;
        }
        if (value == None.NONE || value instanceof Undefined) {
            return false;
        }
        return !hasLength(value) || length(value) > 0;
    }

    private static boolean hasLength(Object value) {
        return Texts.is(value)
                || value instanceof Sequence
                || value instanceof PyDict
                || value instanceof DictView
                || value instanceof PyRange
                || value instanceof LoopContext
                || value instanceof Undefined;
    }

    static int length(Object value) {
        if (Texts.is(value)) {
            return Texts.length(Texts.of(value));
        }
        if (value instanceof Sequence sequence) {
            return sequence.items().size();
        }
        if (value instanceof PyDict dict) {
            return dict.size();
        }
        if (value instanceof DictView view) {
            return view.dict().size();
        }
        if (value instanceof PyRange range) {
            return range.size();
        }
        if (value instanceof LoopContext loop) {
            return loop.length();
        }
        if (value instanceof Undefined) {
            return 0;
        }
        throw PyError.type("object of type " + Repr.repr(name(value)) + " has no len()");
    }

    static boolean iterable(Object value) {
        return hasLength(value) || value instanceof PyIterator;
    }

    static Iterator<Object> iterate(Object value) {
        if (Texts.is(value)) {
            return Texts.of(value)
                    .codePoints()
                    .<Object>mapToObj(Character::toString)
                    .iterator();
        }
        if (value instanceof Sequence sequence) {
            return sequence.items().iterator();
        }
        if (value instanceof PyDict dict) {
            return dict.keys().iterator();
        }
        if (value instanceof DictView view) {
            return view.items().iterator();
        }
        if (value instanceof PyRange range) {
            return range.iterator();
        }
        if (value instanceof PyIterator iterator) {
            return iterator;
        }
        if (value instanceof LoopContext loop) {
            return loop.pairs();
        }
        if (value instanceof Undefined) {
            return Collections.emptyIterator();
        }
        throw PyError.type(Repr.repr(name(value)) + " object is not iterable");
    }

    static List<Object> list(Object value) {
        if (value instanceof Sequence sequence) {
            return sequence.items();
        }
        List<Object> items = new ArrayList<>();
        iterate(value).forEachRemaining(items::add);
        return items;
    }

    /** Whether {@code value} has items by index or key. */
    static boolean subscriptable(Object value) {
        return Texts.is(value)
                || value instanceof Sequence
                || value instanceof PyDict
                || value instanceof PyRange
                || value instanceof Undefined;
    }

    /** A template's value of a Java value: null, Boolean, an integer, a floating-point number, text, List, Map. */
    static Object ofJava(@org.jspecify.annotations.Nullable Object value, int depth) {
        if (depth > Run.DEEPEST_DATA) {
            throw PyError.limit("data nested deeper than " + Run.DEEPEST_DATA + " levels");
        }
        if (value == null) {
            return None.NONE;
        }
        if (value instanceof Boolean || value instanceof String || value instanceof BigInteger) {
            return value;
        }
        if (value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return BigInteger.valueOf(((Number) value).longValue());
        }
        if (value instanceof Double || value instanceof Float) {
            return ((Number) value).doubleValue();
        }
        if (value instanceof List<?> list) {
            List<Object> items = new ArrayList<>(list.size());
            list.forEach(item -> items.add(ofJava(item, depth + 1)));
            return new PyList(items);
        }
        if (value instanceof Map<?, ?> map) {
            PyDict dict = new PyDict();
            map.forEach((k, v) -> dict.put(ofJava(k, depth + 1), ofJava(v, depth + 1)));
            return dict;
        }
        throw PyError.type("a template cannot be given a " + value.getClass().getName()
                + ": expected null, Boolean, a number, String, List or Map");
    }
}
