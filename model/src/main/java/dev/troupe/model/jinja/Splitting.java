package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** How Python cuts text into parts. */
final class Splitting {
    private Splitting() {}

    /** At runs of white space, at most {@code most} times; a negative number is no bound. */
    static List<String> atSpace(String text, int most) {
        List<String> parts = new ArrayList<>();
        int at = 0;
        while (true) {
            while (at < text.length() && Characters.isSpace(text.charAt(at))) {
                at++;
            }
            if (at == text.length()) {
                return parts;
            }
            if (most >= 0 && parts.size() == most) {
                parts.add(text.substring(at));
                return parts;
            }
            int from = at;
            while (at < text.length() && !Characters.isSpace(text.charAt(at))) {
                at++;
            }
            parts.add(text.substring(from, at));
        }
    }

    /** As {@link #atSpace} from the end. */
    static List<String> atSpaceFromEnd(String text, int most) {
        List<String> parts = new ArrayList<>();
        int at = text.length();
        while (true) {
            while (at > 0 && Characters.isSpace(text.charAt(at - 1))) {
                at--;
            }
            if (at == 0) {
                break;
            }
            if (most >= 0 && parts.size() == most) {
                parts.add(text.substring(0, at));
                break;
            }
            int to = at;
            while (at > 0 && !Characters.isSpace(text.charAt(at - 1))) {
                at--;
            }
            parts.add(text.substring(at, to));
        }
        Collections.reverse(parts);
        return parts;
    }

    static List<String> at(String text, String separator, int most) {
        checkSeparator(separator);
        List<String> parts = new ArrayList<>();
        int from = 0;
        int next = text.indexOf(separator);
        while (next >= 0 && (most < 0 || parts.size() < most)) {
            parts.add(text.substring(from, next));
            from = next + separator.length();
            next = text.indexOf(separator, from);
        }
        parts.add(text.substring(from));
        return parts;
    }

    static List<String> atFromEnd(String text, String separator, int most) {
        checkSeparator(separator);
        List<String> parts = new ArrayList<>();
        int to = text.length();
        int next = text.lastIndexOf(separator);
        while (next >= 0 && (most < 0 || parts.size() < most)) {
            parts.add(text.substring(next + separator.length(), to));
            to = next;
            next = text.lastIndexOf(separator, to - separator.length());
        }
        parts.add(text.substring(0, to));
        Collections.reverse(parts);
        return parts;
    }

    static void checkSeparator(String separator) {
        if (separator.isEmpty()) {
            throw PyError.value("empty separator");
        }
    }

    static List<String> lines(String text, boolean keepEnds) {
        List<String> lines = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            if (isLineEnd(text.charAt(i))) {
                int next =
                        text.charAt(i) == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n' ? i + 2 : i + 1;
                lines.add(text.substring(from, keepEnds ? next : i));
                from = next;
                i = next - 1;
            }
        }
        if (from < text.length()) {
            lines.add(text.substring(from));
        }
        return lines;
    }

    private static boolean isLineEnd(char c) {
        return c >= '\n' && c <= '\r' || c >= 0x1c && c <= 0x1e || c == 0x85 || c == 0x2028 || c == 0x2029;
    }
}
