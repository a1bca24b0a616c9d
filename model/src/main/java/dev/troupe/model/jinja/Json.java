package dev.troupe.model.jinja;

import java.util.List;

/** Python's json.dumps as transformers gives it to templates. */
final class Json {
    private final StringBuilder out = new StringBuilder();
    private final boolean ascii;
    private final boolean indented;
    private final String indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sorted;

    private Json(Run run, List<Object> v) {
        this.ascii = Types.truth(v.get(1));
        this.indented = v.get(2) != None.NONE;
        this.indent = !indented || Texts.is(v.get(0))
                ? ""
                : Texts.is(v.get(2)) ? Texts.of(v.get(2)) : " ".repeat(Math.max(0, run.width(v.get(2))));
        if (v.get(3) == None.NONE) {
            this.itemSeparator = indented ? "," : ", ";
            this.keySeparator = ": ";
        } else {
            List<Object> separators = Types.list(v.get(3));
            if (separators.size() != 2) {
                throw PyError.value("separators are two texts");
            }
            this.itemSeparator = Texts.of(separators.get(0));
            this.keySeparator = Texts.of(separators.get(1));
        }
        this.sorted = Types.truth(v.get(4));
    }

    /** @param v the value, ensure_ascii, indent, separators and sort_keys */
    static String of(Run run, List<Object> v) {
        Json json = new Json(run, v);
        json.value(v.get(0), 0);
        return json.out.toString();
    }

    private void value(Object value, int depth) {
        Run.checkDataDepth(depth);
        Run.checkLength(out.length());
        if (Texts.is(value)) {
            text(Texts.of(value));
        } else if (value == None.NONE || Numbers.is(value)) {
            out.append(scalar(value));
        } else if (value instanceof Sequence sequence) {
            items("[", sequence.items(), "]", depth, item -> value(item, depth + 1));
        } else if (value instanceof PyDict dict) {
            List<Object> items = sorted ? Ordering.sorted(dict.items(), item -> item, false) : dict.items();
            items("{", items, "}", depth, item -> {
                List<Object> pair = ((PyTuple) item).items();
                text(key(pair.get(0)));
                out.append(keySeparator);
                value(pair.get(1), depth + 1);
            });
        } else {
            throw PyError.type("Object of type " + Types.name(value) + " is not JSON serializable");
        }
    }

    private void items(
            String open, List<Object> items, String close, int depth, java.util.function.Consumer<Object> item) {
        out.append(open);
        String separator = "";
        for (Object each : items) {
            out.append(separator);
            newLine(depth + 1);
            item.accept(each);
            separator = itemSeparator;
        }
        if (!items.isEmpty()) {
            newLine(depth);
        }
        out.append(close);
    }

    private void newLine(int depth) {
        if (indented) {
            Run.checkLength(out.length() + (long) indent.length() * depth);
            out.append('\n').append(indent.repeat(depth));
        }
    }

    private static String scalar(Object value) {
        if (value == None.NONE) {
            return "null";
        }
        if (value instanceof Boolean b) {
            return b ? "true" : "false";
        }
        if (value instanceof Double d && (Double.isNaN(d) || Double.isInfinite(d))) {
            return Double.isNaN(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity";
        }
        return Repr.repr(value);
    }

    private static String key(Object key) {
        if (Texts.is(key)) {
            return Texts.of(key);
        }
        if (key == None.NONE || Numbers.is(key)) {
            return scalar(key);
        }
        throw PyError.type("keys must be str, int, float, bool or None, not " + Types.name(key));
    }

    private void text(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < ' ' || ascii && c > '~') {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
