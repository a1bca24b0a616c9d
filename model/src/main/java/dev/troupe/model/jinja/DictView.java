package dev.troupe.model.jinja;

import java.util.List;

/** What a dict's keys, values and items return. */
record DictView(PyDict dict, Kind kind) {
    /** The three views, by the name that Python prints. */
    enum Kind {
        KEYS("dict_keys"),
        VALUES("dict_values"),
        ITEMS("dict_items");

        private final String printed;

        Kind(String printed) {
            this.printed = printed;
        }
    }

    String typeName() {
        return kind.printed;
    }

    List<Object> items() {
        return switch (kind) {
            case KEYS -> dict.keys();
            case VALUES -> dict.values();
            case ITEMS -> dict.items();
        };
    }

    boolean contains(Object value) {
        return switch (kind) {
            case KEYS -> dict.contains(value);
            case VALUES -> items().stream().anyMatch(each -> Equality.same(each, value));
            case ITEMS ->
                value instanceof PyTuple pair
                        && pair.items().size() == 2
                        && dict.contains(pair.items().get(0))
                        && Equality.same(
                                dict.get(pair.items().get(0)), pair.items().get(1));
        };
    }

    /** Keys and items are sets. */
    boolean isSet() {
        return kind != Kind.VALUES;
    }

    boolean sameSet(DictView other) {
        return dict.size() == other.dict.size() && items().stream().allMatch(other::contains);
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
