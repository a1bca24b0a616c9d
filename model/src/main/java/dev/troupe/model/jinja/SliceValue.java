package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;

/** Python's slice: bounds and step, each a number or None. */
record SliceValue(Object start, Object stop, Object step) {
    /** The indices it takes of so many items. */
    List<Integer> indices(int length) {
        int by = step == None.NONE ? 1 : Numbers.clipped(index(step));
        if (by == 0) {
            throw PyError.value("slice step cannot be zero");
        }
        int from = bound(start, length, by, by > 0 ? 0 : length - 1);
        int to = bound(stop, length, by, by > 0 ? length : -1);
        List<Integer> indices = new ArrayList<>();
        for (long i = from; by > 0 ? i < to : i > to; i += by) {
            indices.add((int) i);
        }
        return indices;
    }

    private static Object index(Object value) {
        if (!Numbers.isInt(value)) {
            throw PyError.type("slice indices must be integers or None");
        }
        return value;
    }

    private static int bound(Object value, int length, int by, int absent) {
        if (value == None.NONE) {
            return absent;
        }
        int at = Numbers.clipped(index(value));
        if (at < 0) {
            return Math.max(at + length, by > 0 ? 0 : -1);
        }
        return Math.min(at, by > 0 ? length : length - 1);
    }

    Object of(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.failure();
        }
        if (!Types.subscriptable(value) || value instanceof PyDict) {
            throw PyError.type(Repr.repr(Types.name(value)) + " object cannot be sliced");
        }
        if (value instanceof PyRange range) {
            return ofRange(range);
        }
        if (Texts.is(value)) {
            return Texts.like(value, ofText(Texts.of(value)));
        }
        Sequence sequence = (Sequence) value;
        List<Object> items = new ArrayList<>();
        for (int i : indices(sequence.items().size())) {
            items.add(sequence.items().get(i));
        }
        return value instanceof PyList ? new PyList(items) : new PyTuple(items);
    }

    private String ofText(String text) {
        int[] points = text.codePoints().toArray();
        StringBuilder taken = new StringBuilder();
        for (int i : indices(points.length)) {
            taken.appendCodePoint(points[i]);
        }
        return taken.toString();
    }

    private PyRange ofRange(PyRange range) {
        List<Integer> indices = indices(range.size());
        int by = step == None.NONE ? 1 : Numbers.clipped(step);
        int from = bound(start, range.size(), by, by > 0 ? 0 : range.size() - 1);
        int to = bound(stop, range.size(), by, by > 0 ? range.size() : -1);
        return new PyRange(
                Numbers.integer(range.get(from)),
                Numbers.integer(range.get(to)),
                range.step().multiply(java.math.BigInteger.valueOf(by)),
                indices.size());
    }
}
