package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;

/** Python's pprint.pformat: lines of at most 80 characters, dicts by their keys. */
final class PrettyPrint {
    private static final int WIDTH = 80;

    private final StringBuilder out = new StringBuilder();

    private PrettyPrint() {}

    static String of(Object value) {
        PrettyPrint printed = new PrettyPrint();
        printed.format(value, 0, 0, 0);
        return printed.out.toString();
    }

    private void format(Object value, int indent, int allowance, int level) {
        Run.checkDataDepth(level);
        Run.checkLength(out.length());
        String plain = plain(value, 0);
        boolean fits = Texts.length(plain) <= WIDTH - indent - allowance;
        if (fits) {
            out.append(plain);
        } else if (value instanceof PyDict dict) {
            dict(dict, indent, allowance, level);
        } else if (value instanceof PyList list) {
            out.append('[');
            items(list.items(), indent, allowance + 1, level);
            out.append(']');
        } else if (value instanceof PyTuple tuple && !tuple.group()) {
            String end = tuple.items().size() == 1 ? ",)" : ")";
            out.append('(');
            items(tuple.items(), indent, allowance + end.length(), level);
            out.append(end);
        } else if (value instanceof String text) {
            text(text, indent, allowance, level + 1);
        } else {
            out.append(plain);
        }
    }

    /** As repr, with dicts by their keys. */
    private static String plain(Object value, int depth) {
        Run.checkDataDepth(depth);
        List<String> parts = new ArrayList<>();
        if (value instanceof PyDict dict) {
            for (Object key : keys(dict)) {
                parts.add(plain(key, depth + 1) + ": " + plain(dict.get(key), depth + 1));
            }
            return "{" + String.join(", ", parts) + "}";
        }
        if (!(value instanceof Sequence sequence) || value instanceof PyTuple tuple && tuple.group()) {
            return Repr.repr(value);
        }
        sequence.items().forEach(item -> parts.add(plain(item, depth + 1)));
        String joined = String.join(", ", parts);
        return value instanceof PyList ? "[" + joined + "]" : "(" + joined + (parts.size() == 1 ? ",)" : ")");
    }

    /** Keys that do not compare go by the names of their types. */
    private static List<Object> keys(PyDict dict) {
        List<Object> keys = new ArrayList<>();
        for (Object key : dict.keys()) {
            int at = keys.size();
            while (at > 0 && before(key, keys.get(at - 1))) {
                at--;
            }
            keys.add(at, key);
        }
        return keys;
    }

    private static boolean before(Object a, Object b) {
        try {
            return Ordering.less(a, b);
        } catch (PyError e) {
            if (!e.is(PyError.Kind.TYPE)) {
                throw e;
            }
            return Types.name(a).compareTo(Types.name(b)) < 0;
        }
    }

    private void dict(PyDict dict, int indent, int allowance, int level) {
        out.append('{');
        List<Object> keys = keys(dict);
        for (int i = 0; i < keys.size(); i++) {
            boolean last = i == keys.size() - 1;
            String key = plain(keys.get(i), 0);
            out.append(key).append(": ");
            int used = indent + 1 + Texts.length(key) + 2;
            format(dict.get(keys.get(i)), used, last ? allowance + 1 : 1, level + 1);
            out.append(last ? "" : ",\n" + " ".repeat(indent + 1));
        }
        out.append('}');
    }

    private void items(List<Object> items, int indent, int allowance, int level) {
        for (int i = 0; i < items.size(); i++) {
            boolean last = i == items.size() - 1;
            out.append(i == 0 ? "" : ",\n" + " ".repeat(indent + 1));
            format(items.get(i), indent + 1, last ? allowance : 1, level + 1);
        }
    }

    private void text(String text, int given, int allowed, int level) {
        int indent = level == 1 ? given + 1 : given;
        int allowance = level == 1 ? allowed + 1 : allowed;
        List<String> chunks = new ArrayList<>();
        List<String> lines = Splitting.lines(text, true);
        String repr = "";
        for (int i = 0; i < lines.size(); i++) {
            boolean last = i == lines.size() - 1;
            repr = Repr.repr(lines.get(i));
            if (Texts.length(repr) <= WIDTH - indent - (last ? allowance : 0)) {
                chunks.add(repr);
            } else {
                chunks(lines.get(i), WIDTH - indent, last ? allowance : 0, chunks);
            }
        }
        if (chunks.size() == 1) {
            out.append(repr);
            return;
        }
        String joined = String.join("\n" + " ".repeat(indent), chunks);
        out.append(level == 1 ? "(" + joined + ")" : joined);
    }

    private static void chunks(String line, int width, int allowance, List<String> chunks) {
        List<String> parts = words(line);
        String current = "";
        for (int i = 0; i < parts.size(); i++) {
            String candidate = current + parts.get(i);
            int most = i == parts.size() - 1 ? width - allowance : width;
            if (Texts.length(Repr.repr(candidate)) > most) {
                if (!current.isEmpty()) {
                    chunks.add(Repr.repr(current));
                }
                current = parts.get(i);
            } else {
                current = candidate;
            }
        }
        if (!current.isEmpty()) {
            chunks.add(Repr.repr(current));
        }
    }

    /** Words, each with the white space behind it. */
    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        int from = 0;
        while (from < line.length()) {
            int to = from;
            while (to < line.length() && !Characters.isSpace(line.charAt(to))) {
                to++;
            }
            while (to < line.length() && Characters.isSpace(line.charAt(to))) {
                to++;
            }
            words.add(line.substring(from, to));
            from = to;
        }
        return words;
    }
}
