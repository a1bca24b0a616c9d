package dev.troupe.model.jinja;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** HTML and URLs, as markupsafe and jinja2 treat them. */
final class Html {
    private Html() {}

    static String stripTags(String text) {
        StringBuilder kept = new StringBuilder();
        int at = 0;
        for (int start = text.indexOf('<'); start >= 0; start = text.indexOf('<', at)) {
            boolean comment = text.startsWith("<!--", start);
            int end = comment ? text.indexOf("-->", start + 4) : text.indexOf('>', start);
            if (end < 0) {
                break;
            }
            kept.append(text, at, start);
            at = end + (comment ? 3 : 1);
        }
        String rest = kept.append(text, at, text.length()).toString();
        return unescape(String.join(" ", Splitting.atSpace(rest, -1)));
    }

    /** The entities that escape makes and numbered ones; other names stay as they are. */
    static String unescape(String text) {
        StringBuilder out = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            Entities.Found found = text.charAt(at) == '&' ? Entities.at(text, at) : Entities.NONE;
            if (found.end() > at) {
                out.append(found.text());
                at = found.end();
            } else {
                out.append(text.charAt(at++));
            }
        }
        return out.toString();
    }

    static String urlEncode(Object value) {
        if (Texts.is(value) || !Types.iterable(value)) {
            return quote(Repr.str(value), false);
        }
        List<Object> items = value instanceof PyDict dict ? dict.items() : Types.list(value);
        List<String> parts = new ArrayList<>();
        for (Object item : items) {
            List<Object> pair = Types.list(item);
            if (pair.size() != 2) {
                throw PyError.value("expected pairs, got " + pair.size() + " values");
            }
            parts.add(quote(Repr.str(pair.get(0)), true) + "=" + quote(Repr.str(pair.get(1)), true));
        }
        return String.join("&", parts);
    }

    private static String quote(String text, boolean query) {
        StringBuilder out = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            int c = b & 0xff;
            boolean plain = c < 128 && (Character.isLetterOrDigit(c) || "_.-~".indexOf(c) >= 0 || c == '/' && !query);
            if (plain) {
                out.append((char) c);
            } else {
                out.append(c == ' ' && query ? "+" : String.format("%%%02X", c));
            }
        }
        return out.toString();
    }

    static String attributes(Object value, boolean space) {
        if (!(value instanceof PyDict dict)) {
            throw value instanceof Undefined u
                    ? u.failure()
                    : PyError.type("xmlattr needs a dict, got " + Types.name(value));
        }
        List<String> parts = new ArrayList<>();
        for (Object key : dict.keys()) {
            Object each = dict.get(key);
            if (each == None.NONE || each instanceof Undefined) {
                continue;
            }
            if (Texts.of(key).chars().anyMatch(c -> "/>= \t\n\r\f\u000b".indexOf(c) >= 0)) {
                throw PyError.value("Invalid character in attribute name: " + Repr.repr(key));
            }
            parts.add(Markup.escape(key).text() + "=\"" + Markup.escape(each).text() + "\"");
        }
        String text = String.join(" ", parts);
        return space && !text.isEmpty() ? " " + text : text;
    }
}
