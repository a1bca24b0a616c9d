package dev.troupe.model.jinja;

import java.math.BigInteger;
import java.util.List;

/** Python's str and repr. */
final class Repr {
    /** Digits of the longest integer that Python prints. */
    private static final int LONGEST_NUMBER = 4300;

    private Repr() {}

    static String str(Object value) {
        if (Texts.is(value)) {
            return Texts.of(value);
        }
        return value instanceof Undefined ? "" : repr(value);
    }

    static String repr(Object value) {
        StringBuilder out = new StringBuilder();
        append(out, value, 0);
        return out.toString();
    }

    private static void append(StringBuilder out, Object value, int depth) {
        Run.checkDataDepth(depth);
        Run.checkLength(out.length());
        if (value instanceof String text) {
            Quoting.append(out, text);
        } else if (value instanceof Markup markup) {
            out.append("Markup(");
            Quoting.append(out, markup.text());
            out.append(')');
        } else if (value instanceof PyList list) {
            items(out, "[", list.items(), "]", depth);
        } else if (value instanceof PyTuple tuple) {
            items(out, "(", tuple.items(), tuple.items().size() == 1 ? ",)" : ")", depth);
        } else if (value instanceof PyDict dict) {
            dict(out, dict, depth);
        } else if (value instanceof DictView view) {
            items(out.append(view.typeName()), "([", view.items(), "])", depth);
        } else if (value instanceof Namespace namespace) {
            dict(out.append("<Namespace "), namespace.attributes(), depth);
            out.append('>');
        } else {
            out.append(plain(value));
        }
    }

    private static void items(StringBuilder out, String open, List<Object> items, String close, int depth) {
        out.append(open);
        String comma = "";
        for (Object item : items) {
            append(out.append(comma), item, depth + 1);
            comma = ", ";
        }
        out.append(close);
    }

    private static void dict(StringBuilder out, PyDict dict, int depth) {
        out.append('{');
        String comma = "";
        for (Object key : dict.keys()) {
            append(out.append(comma), key, depth + 1);
            append(out.append(": "), dict.get(key), depth + 1);
            comma = ", ";
        }
        out.append('}');
    }

    private static String plain(Object value) {
        if (value instanceof Boolean b) {
            return b ? "True" : "False";
        }
        if (value instanceof BigInteger i) {
            return integer(i);
        }
        if (value instanceof Double d) {
            return Floats.repr(d);
        }
        if (value == None.NONE) {
            return "None";
        }
        if (value instanceof Undefined) {
            return "Undefined";
        }
        if (value instanceof PyRange r) {
            boolean plain = r.step().equals(BigInteger.ONE);
            return "range(" + r.start() + ", " + r.stop() + (plain ? "" : ", " + r.step()) + ")";
        }
        if (value instanceof SliceValue s) {
            return "slice(" + repr(s.start()) + ", " + repr(s.stop()) + ", " + repr(s.step()) + ")";
        }
        if (value instanceof Function function) {
            return function.printed();
        }
        if (value instanceof PyIterator iterator) {
            return iterator.printed();
        }
        if (value instanceof Macro || value instanceof LoopContext) {
            return value.toString();
        }
        return "<jinja2.utils." + Types.name(value) + " object" + PyIterator.ADDRESS;
    }

    static String integer(BigInteger value) {
        boolean mayBeLong = value.bitLength() > LONGEST_NUMBER * 3;
        String digits = mayBeLong && value.bitLength() > LONGEST_NUMBER * 4 ? "" : value.toString();
        if (mayBeLong && (digits.isEmpty() || digits.length() - (value.signum() < 0 ? 1 : 0) > LONGEST_NUMBER)) {
            throw PyError.value("an integer of more than " + LONGEST_NUMBER + " digits cannot be printed");
        }
        return digits;
    }
}
