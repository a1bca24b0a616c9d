package dev.troupe.model.jinja;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/** Python's str.format with the sandbox's lookups: fields reach what a template reaches, and nothing else. */
final class TextFormat {
    private final Run run;
    private final boolean escape;

    TextFormat(Run run, boolean escape) {
        this.run = run;
        this.escape = escape;
    }

    /** Numbering by position: the next index, or -1 once fields name theirs. */
    private static final class Numbering {
        private int next;
    }

    private record Fields(List<Object> positional, PyDict named, Object mapping) {
        Object get(String name) {
            if (isNumber(name)) {
                BigInteger index = new BigInteger(name);
                if (index.compareTo(BigInteger.valueOf(positional.size())) >= 0) {
                    throw PyError.lookup("replacement index " + index + " out of range for positional arguments");
                }
                return positional.get(index.intValue());
            }
            return mapping == Missing.MISSING ? Items.get(named, name) : Items.get(mapping, name);
        }
    }

    String format(String format, Args args) {
        PyDict named = new PyDict();
        for (Map.Entry<String, Object> entry : args.named().entrySet()) {
            named.put(entry.getKey(), entry.getValue());
        }
        return expand(format, new Fields(args.positional(), named, Missing.MISSING), 2, new Numbering());
    }

    String formatMap(String format, Args args) {
        Object mapping = args.only("format_map", 1, 1).get(0);
        return expand(format, new Fields(List.of(), new PyDict(), mapping), 2, new Numbering());
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private String expand(String format, Fields fields, int depth, Numbering numbering) {
        if (depth < 0) {
            throw PyError.value("Max string recursion exceeded");
        }
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < format.length()) {
            char c = format.charAt(at++);
            if (c != '{' && c != '}') {
                out.append(c);
            } else if (at < format.length() && format.charAt(at) == c) {
                out.append(c);
                at++;
            } else if (c == '}' || at == format.length()) {
                throw PyError.value("Single '" + c + "' encountered in format string");
            } else {
                Field field = Field.parse(format, at);
                out.append(value(field, fields, depth, numbering));
                Run.checkLength(out.length());
                at = field.end();
            }
        }
        return run.text(out.toString());
    }

    private String value(Field field, Fields fields, int depth, Numbering numbering) {
        String name = field.name();
        if (name.isEmpty()) {
            if (numbering.next < 0) {
                throw PyError.value("cannot switch from manual field specification to automatic field numbering");
            }
            name = Integer.toString(numbering.next++);
        } else if (isNumber(name)) {
            if (numbering.next > 0) {
                throw PyError.value("cannot switch from automatic field numbering to manual field specification");
            }
            numbering.next = -1;
        }
        Object value = converted(field.conversion(), lookup(name, fields));
        String spec = expand(field.spec(), fields, depth - 1, numbering);
        if (escape && value instanceof Markup markup) {
            if (!spec.isEmpty()) {
                throw PyError.value("Unsupported format specification for Markup.");
            }
            return markup.text();
        }
        String text = FormatSpec.format(run, value, spec);
        return escape ? Markup.escape(text).text() : text;
    }

    private static Object converted(int conversion, Object value) {
        return switch (conversion) {
            case 0 -> value;
            case 's' -> Repr.str(value);
            case 'r' -> Repr.repr(value);
            case 'a' -> Quoting.ascii(Repr.repr(value));
            default -> throw PyError.value("Unknown conversion specifier " + Character.toString(conversion));
        };
    }

    private Object lookup(String name, Fields fields) {
        int at = 0;
        while (at < name.length() && name.charAt(at) != '.' && name.charAt(at) != '[') {
            at++;
        }
        Object value = fields.get(name.substring(0, at));
        while (at < name.length()) {
            char kind = name.charAt(at++);
            int from = at;
            if (kind == '.') {
                while (at < name.length() && name.charAt(at) != '.' && name.charAt(at) != '[') {
                    at++;
                }
                value = Attributes.get(run, value, notEmpty(name.substring(from, at)));
            } else if (kind == '[') {
                at = name.indexOf(']', from);
                if (at < 0) {
                    throw PyError.value("Missing ']' in format string");
                }
                String key = notEmpty(name.substring(from, at++));
                value = Attributes.item(run, value, isNumber(key) ? new BigInteger(key) : key);
            } else {
                throw PyError.value("Only '.' or '[' may follow ']' in format field specifier");
            }
        }
        return value;
    }

    private static String notEmpty(String part) {
        if (part.isEmpty()) {
            throw PyError.value("Empty attribute in format string");
        }
        return part;
    }

    /**
     * A field between braces.
     *
     * @param conversion the character behind the exclamation mark, or 0
     * @param end the index behind its closing brace
     */
    private record Field(String name, int conversion, String spec, int end) {
        static Field parse(String format, int from) {
            int at = from;
            char c = 0;
            while (at < format.length()) {
                c = format.charAt(at++);
                if (c == '{') {
                    throw PyError.value("unexpected '{' in field name");
                }
                if (c == '[') {
                    while (at < format.length() && format.charAt(at) != ']') {
                        at++;
                    }
                } else if (c == '}' || c == ':' || c == '!') {
                    break;
                }
            }
            String name = format.substring(from, Math.max(from, at - 1));
            if (c == '}') {
                return new Field(name, 0, "", at);
            }
            if (c != ':' && c != '!') {
                throw PyError.value("expected '}' before end of string");
            }
            return c == ':' ? spec(format, name, 0, at) : conversion(format, name, at);
        }

        private static Field conversion(String format, String name, int from) {
            if (from >= format.length()) {
                throw PyError.value("end of string while looking for conversion specifier");
            }
            int conversion = format.codePointAt(from);
            int at = from + Character.charCount(conversion);
            if (at < format.length()) {
                char c = format.charAt(at++);
                if (c == '}') {
                    return new Field(name, conversion, "", at);
                }
                if (c != ':') {
                    throw PyError.value("expected ':' after conversion specifier");
                }
            }
            return spec(format, name, conversion, at);
        }

        private static Field spec(String format, String name, int conversion, int from) {
            int open = 1;
            for (int at = from; at < format.length(); at++) {
                open += format.charAt(at) == '{' ? 1 : format.charAt(at) == '}' ? -1 : 0;
                if (open == 0) {
                    return new Field(name, conversion, format.substring(from, at), at + 1);
                }
            }
            throw PyError.value("unmatched '{' in format spec");
        }
    }
}
