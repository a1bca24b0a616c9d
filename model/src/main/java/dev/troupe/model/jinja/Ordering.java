package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Python's order of values, and its stable sort. */
final class Ordering {
    private Ordering() {}

    /** The four comparisons. */
    enum Op {
        LT("<"),
        LE("<="),
        GT(">"),
        GE(">=");

        private final String sign;

        Op(String sign) {
            this.sign = sign;
        }

        private boolean holds(int order) {
            return switch (this) {
                case LT -> order < 0;
                case LE -> order <= 0;
                case GT -> order > 0;
                case GE -> order >= 0;
            };
        }
    }

    static boolean less(Object a, Object b) {
        return compare(Op.LT, a, b);
    }

    static boolean compare(Op op, Object a, Object b) {
        return compare(op, a, b, 0);
    }

    private static boolean compare(Op op, Object a, Object b, int depth) {
        Run.checkDataDepth(depth);
        for (Object each : List.of(a, b)) {
            if (each instanceof Undefined undefined) {
                throw undefined.failure();
            }
        }
        if (Numbers.is(a) && Numbers.is(b)) {
            int order = Numbers.compare(a, b);
            return order != 2 && op.holds(order);
        }
        if (Texts.is(a) && Texts.is(b)) {
            return op.holds(texts(Texts.of(a), Texts.of(b)));
        }
        if (a instanceof Sequence x && b instanceof Sequence y && a.getClass() == b.getClass()) {
            return sequences(op, x.items(), y.items(), depth);
        }
        if (a instanceof DictView x && b instanceof DictView y && x.isSet() && y.isSet()) {
            throw PyError.unsupported("sets are");
        }
        throw PyError.type(Repr.repr(op.sign) + " not supported between instances of " + Repr.repr(Types.name(a))
                + " and " + Repr.repr(Types.name(b)));
    }

    private static boolean sequences(Op op, List<Object> a, List<Object> b, int depth) {
        int common = Math.min(a.size(), b.size());
        for (int i = 0; i < common; i++) {
            if (!Equality.same(a.get(i), b.get(i))) {
                return compare(op, a.get(i), b.get(i), depth + 1);
            }
        }
        return op.holds(Integer.compare(a.size(), b.size()));
    }

    /** By code points, where Java compares chars. */
    private static int texts(String a, String b) {
        int common = Math.min(a.length(), b.length());
        for (int i = 0; i < common; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean oneIsLarge = Character.isSurrogate(x) != Character.isSurrogate(y);
                return oneIsLarge ? (Character.isSurrogate(x) ? 1 : -1) : x - y;
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    private record Keyed(Object key, Object value) {}

    /** Sorts by keys, each computed once. */
    static List<Object> sorted(List<Object> values, java.util.function.UnaryOperator<Object> key, boolean reverse) {
        List<Keyed> all = new ArrayList<>();
        values.forEach(value -> all.add(new Keyed(key.apply(value), value)));
        if (reverse) {
            Collections.reverse(all);
        }
        List<Keyed> sorted = sorted(all);
        if (reverse) {
            Collections.reverse(sorted);
        }
        List<Object> out = new ArrayList<>();
        sorted.forEach(each -> out.add(each.value()));
        return out;
    }

    private static final int SHORT = 64;

    /** Short lists as Python does it, so that even NaN ends where it does there. */
    private static List<Keyed> sorted(List<Keyed> all) {
        if (all.size() >= SHORT) {
            int middle = all.size() / 2;
            return merged(sorted(all.subList(0, middle)), sorted(all.subList(middle, all.size())));
        }
        List<Keyed> done = new ArrayList<>(all);
        for (int i = run(done); i < done.size(); i++) {
            Keyed pivot = done.remove(i);
            int low = 0;
            int high = i;
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (less(pivot.key(), done.get(middle).key())) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            done.add(low, pivot);
        }
        return done;
    }

    /** The length of the sorted run at the front; a descending one is reversed first. */
    private static int run(List<Keyed> all) {
        if (all.size() < 2) {
            return all.size();
        }
        int end = 2;
        if (less(all.get(1).key(), all.get(0).key())) {
            while (end < all.size() && less(all.get(end).key(), all.get(end - 1).key())) {
                end++;
            }
            Collections.reverse(all.subList(0, end));
        } else {
            while (end < all.size()
                    && !less(all.get(end).key(), all.get(end - 1).key())) {
                end++;
            }
        }
        return end;
    }

    private static List<Keyed> merged(List<Keyed> a, List<Keyed> b) {
        List<Keyed> out = new ArrayList<>();
        int i = 0;
        int j = 0;
        while (i < a.size() && j < b.size()) {
            out.add(less(b.get(j).key(), a.get(i).key()) ? b.get(j++) : a.get(i++));
        }
        out.addAll(a.subList(i, a.size()));
        out.addAll(b.subList(j, b.size()));
        return out;
    }
}
