package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Filters on sequences that return values or lists. */
final class SequenceFilters {
    private SequenceFilters() {}

    static void addTo(Map<String, Builtin> all) {
        for (String name : List.of("length", "count")) {
            all.put(
                    name,
                    new Builtin(
                            (run, args) -> Numbers.of(
                                    Types.length(args.only(name, 1, 1).get(0))),
                            false));
        }
        add(all, Signature.of("first", "seq"), "first", (run, v) -> {
            Iterator<Object> items = Types.iterate(v.get(0));
            return items.hasNext() ? items.next() : Undefined.hint("No first item, sequence was empty.");
        });
        add(all, Signature.of("last", "seq"), "last", (run, v) -> {
            Iterator<Object> items = reversed(v.get(0));
            return items.hasNext() ? items.next() : Undefined.hint("No last item, sequence was empty.");
        });
        add(all, Signature.of("random", "seq"), "random", (run, v) -> {
            throw PyError.unsupported("random values (the filter random) are");
        });
        add(all, Signature.of("list", "value"), "list", (run, v) -> copied(run, v.get(0)));
        add(all, Signature.of("reverse", "value"), "reverse", SequenceFilters::reverse);
        add(all, Signature.of("join", "value").with("d", "").with("attribute", None.NONE), "join", (run, v) -> {
            UnaryOperator<Object> lookup = Lookup.of(run, v.get(2), false, None.NONE);
            List<Object> parts = new ArrayList<>();
            Types.iterate(v.get(0)).forEachRemaining(each -> parts.add(Repr.str(lookup.apply(each))));
            return StringMethods.join(run, Repr.str(v.get(1)), new PyList(parts));
        });
        ordering(all);
        grouping(all);
    }

    private static void add(Map<String, Builtin> all, Signature signature, String name, Builtin.Body body) {
        all.put(name, Builtin.of(signature, body));
    }

    private static PyList copied(Run run, Object value) {
        List<Object> items = new ArrayList<>();
        Iterator<Object> all = Types.iterate(value);
        while (all.hasNext()) {
            items.add(all.next());
        }
        run.items(items.size());
        return new PyList(items);
    }

    private static Iterator<Object> reversed(Object value) {
        if (value instanceof PyIterator || value instanceof LoopContext || !Types.iterable(value)) {
            throw PyError.type(Repr.repr(Types.name(value)) + " object is not reversible");
        }
        if (value instanceof PyRange range) {
            return range.reversed().iterator();
        }
        List<Object> items = new ArrayList<>(Types.list(value));
        java.util.Collections.reverse(items);
        return items.iterator();
    }

    private static Object reverse(Run run, List<Object> v) {
        Object value = v.get(0);
        if (Texts.is(value)) {
            return new SliceValue(None.NONE, None.NONE, Numbers.of(-1)).of(value);
        }
        if (value instanceof PyIterator || value instanceof LoopContext) {
            List<Object> items = new ArrayList<>(copied(run, value).items());
            java.util.Collections.reverse(items);
            return new PyList(items);
        }
        if (!Types.iterable(value)) {
            throw PyError.template("argument must be iterable");
        }
        return PyIterator.reversed(Types.name(value), () -> reversed(value));
    }

    private static void ordering(Map<String, Builtin> all) {
        Signature sort = Signature.of("sort", "value")
                .with("reverse", false)
                .with("case_sensitive", false)
                .with("attribute", None.NONE);
        add(
                all,
                sort,
                "sort",
                (run, v) -> new PyList(Ordering.sorted(
                        copied(run, v.get(0)).items(),
                        Lookup.ofSeveral(run, v.get(3), !Types.truth(v.get(2))),
                        Types.truth(index(v.get(1))))));
        for (String name : List.of("min", "max")) {
            Signature signature =
                    Signature.of(name, "value").with("case_sensitive", false).with("attribute", None.NONE);
            add(all, signature, name, (run, v) -> extreme(run, v, name.equals("min")));
        }
        Signature unique =
                Signature.of("unique", "value").with("case_sensitive", false).with("attribute", None.NONE);
        add(
                all,
                unique,
                "unique",
                (run, v) -> PyIterator.generator("sync_do_unique", () -> {
                    UnaryOperator<Object> key = Lookup.of(run, v.get(2), !Types.truth(v.get(1)), None.NONE);
                    PyDict seen = new PyDict();
                    return new Selected(Types.iterate(v.get(0)), each -> {
                        Object found = key.apply(each);
                        boolean known = seen.contains(found);
                        seen.put(found, true);
                        return known ? Missing.MISSING : each;
                    });
                }));
        Signature dictsort = Signature.of("dictsort", "value")
                .with("case_sensitive", false)
                .with("by", "key")
                .with("reverse", false);
        add(all, dictsort, "dictsort", SequenceFilters::dictSort);
    }

    /** Python's sorted takes whole numbers for reverse, and nothing else. */
    private static Object index(Object value) {
        return Numbers.integer(value);
    }

    private static Object extreme(Run run, List<Object> v, boolean least) {
        UnaryOperator<Object> key = Lookup.of(run, v.get(2), !Types.truth(v.get(1)), None.NONE);
        Iterator<Object> items = Types.iterate(v.get(0));
        if (!items.hasNext()) {
            return Undefined.hint("No aggregated item, sequence was empty.");
        }
        Object best = items.next();
        Object bestKey = key.apply(best);
        while (items.hasNext()) {
            Object next = items.next();
            Object nextKey = key.apply(next);
            if (Ordering.compare(least ? Ordering.Op.LT : Ordering.Op.GT, nextKey, bestKey)) {
                best = next;
                bestKey = nextKey;
            }
        }
        return best;
    }

    private static Object dictSort(Run run, List<Object> v) {
        boolean byKey = Equality.equal(v.get(2), "key");
        if (!byKey && !Equality.equal(v.get(2), "value")) {
            throw PyError.template("You can only sort by either \"key\" or \"value\"");
        }
        if (!(v.get(0) instanceof PyDict dict)) {
            throw PyError.type("dictsort needs a dict, got " + Types.name(v.get(0)));
        }
        boolean sensitive = Types.truth(v.get(1));
        return new PyList(Ordering.sorted(
                dict.items(),
                item -> {
                    Object part = ((PyTuple) item).items().get(byKey ? 0 : 1);
                    return sensitive ? part : Lookup.lower(part);
                },
                Types.truth(index(v.get(3)))));
    }

    private static void grouping(Map<String, Builtin> all) {
        Signature sum =
                Signature.of("sum", "iterable").with("attribute", None.NONE).with("start", Numbers.of(0));
        add(all, sum, "sum", SequenceFilters::sum);
        Signature groupby = Signature.of("groupby", "value", "attribute")
                .with("default", None.NONE)
                .with("case_sensitive", false);
        add(all, groupby, "groupby", SequenceFilters::groupBy);
        add(
                all,
                Signature.of("slice", "value", "slices").with("fill_with", None.NONE),
                "slice",
                (run, v) -> PyIterator.generator(
                        "sync_do_slice", () -> slices(run, v).iterator()));
        add(
                all,
                Signature.of("batch", "value", "linecount").with("fill_with", None.NONE),
                "batch",
                (run, v) ->
                        PyIterator.generator("do_batch", () -> batches(run, v).iterator()));
        add(
                all,
                Signature.of("items", "value"),
                "items",
                (run, v) -> PyIterator.generator("do_items", () -> {
                    if (v.get(0) instanceof Undefined) {
                        return java.util.Collections.emptyIterator();
                    }
                    if (!(v.get(0) instanceof PyDict dict)) {
                        throw PyError.type("Can only get item pairs from a mapping.");
                    }
                    return dict.items().iterator();
                }));
    }

    private static Object sum(Run run, List<Object> v) {
        if (Texts.is(v.get(2))) {
            throw PyError.type("sum() can't sum strings");
        }
        UnaryOperator<Object> lookup = Lookup.of(run, v.get(1), false, None.NONE);
        Object sum = v.get(2);
        Iterator<Object> items = Types.iterate(v.get(0));
        while (items.hasNext()) {
            sum = new Arithmetic(run).apply("+", sum, lookup.apply(items.next()));
        }
        return sum;
    }

    private static Object groupBy(Run run, List<Object> v) {
        UnaryOperator<Object> key = Lookup.of(run, v.get(1), !Types.truth(v.get(3)), v.get(2));
        UnaryOperator<Object> shown = Lookup.of(run, v.get(1), false, v.get(2));
        List<Object> groups = new ArrayList<>();
        List<Object> group = new ArrayList<>();
        Object current = Missing.MISSING;
        for (Object each : Ordering.sorted(copied(run, v.get(0)).items(), key, false)) {
            Object next = key.apply(each);
            if (current == Missing.MISSING || !Equality.same(current, next)) {
                group = new ArrayList<>();
                Object name = Types.truth(v.get(3)) ? next : shown.apply(each);
                groups.add(new PyTuple(List.of(name, new PyList(group)), true));
                current = next;
            }
            group.add(each);
        }
        return new PyList(groups);
    }

    private static List<Object> slices(Run run, List<Object> v) {
        List<Object> items = copied(run, v.get(0)).items();
        Arithmetic arithmetic = new Arithmetic(run);
        Object size = Numbers.of(items.size());
        int each = Numbers.clipped(arithmetic.apply("//", size, v.get(1)));
        int extra = Numbers.clipped(arithmetic.apply("%", size, v.get(1)));
        int count = Numbers.clipped(v.get(1));
        run.items(Math.max(0, count));
        List<Object> slices = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < count; i++) {
            int to = from + each + (i < extra ? 1 : 0);
            List<Object> slice = new ArrayList<>(items.subList(from, to));
            if (v.get(2) != None.NONE && i >= extra) {
                slice.add(v.get(2));
            }
            slices.add(new PyList(slice));
            from = to;
        }
        return slices;
    }

    private static List<Object> batches(Run run, List<Object> v) {
        List<Object> batches = new ArrayList<>();
        List<Object> batch = new ArrayList<>();
        for (Object item : copied(run, v.get(0)).items()) {
            if (Equality.equal(Numbers.of(batch.size()), v.get(1))) {
                batches.add(new PyList(batch));
                batch = new ArrayList<>();
            }
            batch.add(item);
        }
        if (!batch.isEmpty()) {
            if (v.get(2) != None.NONE && Ordering.less(Numbers.of(batch.size()), v.get(1))) {
                int missing = Numbers.clipped(v.get(1)) - batch.size();
                run.items(missing);
                batch.addAll(java.util.Collections.nCopies(missing, v.get(2)));
            }
            batches.add(new PyList(batch));
        }
        return batches;
    }
}
