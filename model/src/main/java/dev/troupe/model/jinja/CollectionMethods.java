package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The attributes of Python's list, tuple, dict, range and views. Methods that change the value are unsafe. */
final class CollectionMethods {
    private static final Set<String> CHANGING =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
    private static final Set<String> DICT_CHANGING = Set.of("clear", "pop", "popitem", "setdefault", "update");

    private CollectionMethods() {}

    static Object find(Object self, String name) {
        Object found = lookup(self, name);
        return found instanceof Function method ? method.named(name, self) : found;
    }

    private static Object lookup(Object self, String name) {
        if (self instanceof PyList list) {
            return CHANGING.contains(name) ? Undefined.unsafe(self, name) : ofList(list, name);
        }
        if (self instanceof PyTuple tuple) {
            return ofTuple(tuple, name);
        }
        if (self instanceof PyDict dict) {
            return DICT_CHANGING.contains(name) ? Undefined.unsafe(self, name) : ofDict(dict, name);
        }
        if (self instanceof PyRange range) {
            return ofRange(range, name);
        }
        return self instanceof DictView view ? ofView(view, name) : Missing.MISSING;
    }

    private static Object method(
            String name, int least, int most, java.util.function.Function<List<Object>, Object> body) {
        return new Function("", (run, args) -> body.apply(args.only(name, least, most)));
    }

    private static Object ofList(PyList list, String name) {
        return name.equals("copy")
                ? method(name, 0, 0, a -> new PyList(List.copyOf(list.items())))
                : searching(list.items(), name, 3);
    }

    private static Object ofTuple(PyTuple tuple, String name) {
        if (tuple.group() && name.equals("grouper")) {
            return tuple.items().get(0);
        }
        if (tuple.group() && name.equals("list")) {
            return tuple.items().get(1);
        }
        return searching(tuple.items(), name, 3);
    }

    private static Object searching(List<Object> items, String name, int most) {
        return switch (name) {
            case "count" ->
                method(
                        name,
                        1,
                        1,
                        a -> Numbers.of(items.stream()
                                .filter(each -> Equality.same(each, a.get(0)))
                                .count()));
            case "index" -> method(name, 1, most, a -> index(items, a));
            default -> Missing.MISSING;
        };
    }

    private static Object index(List<Object> items, List<Object> given) {
        int from = given.size() > 1 ? bound(given.get(1), items.size()) : 0;
        int to = given.size() > 2 ? bound(given.get(2), items.size()) : items.size();
        for (int i = from; i < Math.min(to, items.size()); i++) {
            if (Equality.same(items.get(i), given.get(0))) {
                return Numbers.of(i);
            }
        }
        throw PyError.value(Repr.repr(given.get(0)) + " is not in the list");
    }

    private static int bound(Object value, int size) {
        int at = Numbers.clipped(value);
        return at < 0 ? Math.max(0, at + size) : at;
    }

    private static Object ofDict(PyDict dict, String name) {
        return switch (name) {
            case "keys" -> method(name, 0, 0, a -> new DictView(dict, DictView.Kind.KEYS));
            case "values" -> method(name, 0, 0, a -> new DictView(dict, DictView.Kind.VALUES));
            case "items" -> method(name, 0, 0, a -> new DictView(dict, DictView.Kind.ITEMS));
            case "copy" -> method(name, 0, 0, a -> new PyDict().putAll(dict));
            case "fromkeys" -> method(name, 1, 2, CollectionMethods::fromKeys);
            case "get" ->
                method(name, 1, 2, a -> {
                    Object found = dict.get(a.get(0));
                    return found != Missing.MISSING ? found : a.size() > 1 ? a.get(1) : None.NONE;
                });
            default -> Missing.MISSING;
        };
    }

    static Object fromKeys(List<Object> given) {
        PyDict dict = new PyDict();
        Types.list(given.get(0)).forEach(key -> dict.put(key, given.size() > 1 ? given.get(1) : None.NONE));
        return dict;
    }

    private static Object ofRange(PyRange range, String name) {
        return switch (name) {
            case "start" -> range.start();
            case "stop" -> range.stop();
            case "step" -> range.step();
            case "count", "index" -> {
                List<Object> items = new ArrayList<>();
                range.iterator().forEachRemaining(items::add);
                yield searching(items, name, 1);
            }
            default -> Missing.MISSING;
        };
    }

    private static Object ofView(DictView view, String name) {
        if (name.equals("isdisjoint") && view.isSet()) {
            return method(name, 1, 1, a -> Types.list(a.get(0)).stream().noneMatch(view::contains));
        }
        return name.equals("mapping") ? view.dict() : Missing.MISSING;
    }
}
