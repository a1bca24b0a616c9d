package dev.troupe.model.jinja;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The filters that call other filters and tests: map, select, reject and those by attribute. */
final class SelectFilters {
    private SelectFilters() {}

    static void addTo(Map<String, Builtin> all) {
        all.put("map", new Builtin((run, args) -> lazy("sync_do_map", run, args, SelectFilters::mapping), true));
        all.put("select", selecting(true, false));
        all.put("reject", selecting(false, false));
        all.put("selectattr", selecting(true, true));
        all.put("rejectattr", selecting(false, true));
    }

    /** Makes the function on items from the arguments behind the operand. */
    private interface Maker {
        UnaryOperator<Object> make(Run run, Args args);
    }

    /** Nothing is done before the first item is asked for. */
    private static Object lazy(String function, Run run, Args args, Maker maker) {
        if (args.positional().isEmpty()) {
            throw PyError.type("a value is needed");
        }
        Object value = args.positional().get(0);
        return PyIterator.generator(function, () -> {
            if (!Types.truth(value)) {
                return java.util.Collections.emptyIterator();
            }
            UnaryOperator<Object> change = maker.make(run, args.from(1));
            Iterator<Object> items = Types.iterate(value);
            return new Selected(items, change);
        });
    }

    private static UnaryOperator<Object> mapping(Run run, Args args) {
        if (args.positional().isEmpty() && args.named().containsKey("attribute")) {
            Map<String, Object> rest = new LinkedHashMap<>(args.named());
            Object attribute = rest.getOrDefault("attribute", None.NONE);
            rest.remove("attribute");
            Object byDefault = rest.getOrDefault("default", None.NONE);
            rest.remove("default");
            if (!rest.isEmpty()) {
                throw PyError.template("Unexpected keyword argument "
                        + Repr.repr(rest.keySet().iterator().next()));
            }
            return Lookup.of(run, attribute, false, byDefault);
        }
        if (args.positional().isEmpty()) {
            throw PyError.template("map requires a filter argument");
        }
        Object name = args.positional().get(0);
        Args more = args.from(1);
        return each -> Filters.call(run, name, more.withFirst(each));
    }

    private static Builtin selecting(boolean wanted, boolean byAttribute) {
        return new Builtin(
                (run, args) -> lazy("select_or_reject", run, args, (r, rest) -> {
                    Predicate<Object> test = test(r, rest, byAttribute);
                    return each -> test.test(each) == wanted ? each : Missing.MISSING;
                }),
                true);
    }

    private static Predicate<Object> test(Run run, Args args, boolean byAttribute) {
        List<Object> given = args.positional();
        int at = byAttribute ? 1 : 0;
        if (given.size() < at) {
            throw PyError.template("Missing parameter for attribute name");
        }
        UnaryOperator<Object> lookup =
                byAttribute ? Lookup.of(run, given.get(0), false, None.NONE) : UnaryOperator.identity();
        if (given.size() == at) {
            return each -> Types.truth(lookup.apply(each));
        }
        Object name = given.get(at);
        Args more = args.from(at + 1);
        return each -> {
            Object value = lookup.apply(each);
            Builtin found = Texts.is(name) ? Tests.find(Texts.of(name)) : null;
            if (found == null) {
                throw PyError.template("No test named " + Repr.repr(name) + ".");
            }
            return Types.truth(found.call(run, more.withFirst(value)));
        };
    }
}
