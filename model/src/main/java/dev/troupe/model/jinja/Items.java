package dev.troupe.model.jinja;

import java.math.BigInteger;

/** Python's {@code value[key]} and {@code x in value}. */
final class Items {
    private Items() {}

    static Object get(Object value, Object key) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
        if (value instanceof PyDict dict) {
            Object found = dict.get(key);
            if (found == Missing.MISSING) {
                throw PyError.lookup("no key " + Repr.repr(key));
            }
            return found;
        }
        if (!Types.subscriptable(value)) {
            throw PyError.type(Repr.repr(Types.name(value)) + " object is not subscriptable");
        }
        if (key instanceof SliceValue slice) {
            return slice.of(value);
        }
        if (!Numbers.isInt(key)) {
            throw PyError.type(Types.name(value) + " indices must be integers or slices, not " + Types.name(key));
        }
        int index = index(Numbers.integer(key), Types.length(value));
        if (value instanceof Sequence sequence) {
            return sequence.items().get(index);
        }
        return value instanceof PyRange range ? range.get(index) : Texts.like(value, Texts.at(Texts.of(value), index));
    }

    private static int index(BigInteger given, int length) {
        BigInteger index = given.signum() < 0 ? given.add(BigInteger.valueOf(length)) : given;
        if (index.signum() < 0 || index.compareTo(BigInteger.valueOf(length)) >= 0) {
            throw PyError.lookup("index " + given + " out of range");
        }
        return index.intValue();
    }

    static boolean contains(Object container, Object value) {
        if (Texts.is(container)) {
            if (!Texts.is(value)) {
                throw PyError.type("'in <string>' requires string as left operand, not " + Types.name(value));
            }
            return Texts.of(container).contains(Texts.of(value));
        }
        if (container instanceof Sequence sequence) {
            return sequence.items().stream().anyMatch(each -> Equality.same(each, value));
        }
        if (container instanceof PyDict dict) {
            return dict.contains(value);
        }
        if (container instanceof DictView view) {
            return view.contains(value);
        }
        if (container instanceof PyRange range && Numbers.isInt(value)) {
            return range.indexOf(Numbers.integer(value)) >= 0;
        }
        java.util.Iterator<Object> items = Types.iterate(container);
        while (items.hasNext()) {
            if (Equality.same(items.next(), value)) {
                return true;
            }
        }
        return false;
    }
}
