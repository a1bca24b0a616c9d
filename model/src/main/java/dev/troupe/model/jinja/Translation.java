package dev.troupe.model.jinja;

import java.util.List;

/** Python's tables of str.maketrans and str.translate. */
final class Translation {
    private Translation() {}

    static PyDict table(List<Object> given) {
        PyDict table = new PyDict();
        if (given.size() == 1) {
            if (!(given.get(0) instanceof PyDict source)) {
                throw PyError.type("if you give only one argument to maketrans it must be a dict");
            }
            for (Object key : source.keys()) {
                table.put(Numbers.isInt(key) ? key : Numbers.of(only(Texts.of(key))), source.get(key));
            }
            return table;
        }
        int[] from = Texts.of(given.get(0)).codePoints().toArray();
        int[] to = Texts.of(given.get(1)).codePoints().toArray();
        if (from.length != to.length) {
            throw PyError.value("the first two maketrans arguments must have equal length");
        }
        for (int i = 0; i < from.length; i++) {
            table.put(Numbers.of(from[i]), Numbers.of(to[i]));
        }
        if (given.size() == 3) {
            Texts.of(given.get(2)).codePoints().forEach(c -> table.put(Numbers.of(c), None.NONE));
        }
        return table;
    }

    private static int only(String text) {
        if (Texts.length(text) != 1) {
            throw PyError.value("string keys in translate table must be of length 1");
        }
        return text.codePointAt(0);
    }

    static String of(int c, Object table) {
        Object found;
        try {
            found = Items.get(table, Numbers.of(c));
        } catch (PyError e) {
            if (!e.is(PyError.Kind.LOOKUP)) {
                throw e;
            }
            return Character.toString(c);
        }
        if (found == None.NONE) {
            return "";
        }
        return Texts.is(found) ? Texts.of(found) : Character.toString(Numbers.clipped(found));
    }
}
