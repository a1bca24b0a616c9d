package dev.troupe.model.jinja;

import java.util.Map;

/** HTML's entities in text. */
final class Entities {
    static final Found NONE = new Found("", -1);

    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("amp", "&"),
            Map.entry("AMP", "&"),
            Map.entry("lt", "<"),
            Map.entry("LT", "<"),
            Map.entry("gt", ">"),
            Map.entry("GT", ">"),
            Map.entry("quot", "\""),
            Map.entry("QUOT", "\""),
            Map.entry("apos", "'"),
            Map.entry("nbsp", "\u00a0"),
            Map.entry("copy", "\u00a9"),
            Map.entry("reg", "\u00ae"),
            Map.entry("raquo", "\u00bb"),
            Map.entry("laquo", "\u00ab"),
            Map.entry("hellip", "\u2026"),
            Map.entry("mdash", "\u2014"),
            Map.entry("ndash", "\u2013"),
            Map.entry("euro", "\u20ac"));

    private Entities() {}

    /** What an entity stands for and where it ends. */
    record Found(String text, int end) {}

    static Found at(String text, int from) {
        if (text.startsWith("#", from + 1)) {
            return numbered(text, from + 2);
        }
        int end = from + 1;
        while (end < text.length() && Character.isLetterOrDigit(text.charAt(end))) {
            end++;
        }
        String name = text.substring(from + 1, end);
        String found = NAMES.get(name);
        if (found != null && end < text.length() && text.charAt(end) == ';') {
            return new Found(found, end + 1);
        }
        // Old names need no semicolon, and may be the beginning of a word.
        for (int length = name.length(); length > 1; length--) {
            String old = name.substring(0, length);
            boolean bare = NAMES.containsKey(old)
                    && !java.util.Set.of("apos", "hellip", "mdash", "ndash", "euro")
                            .contains(old);
            if (bare) {
                return new Found(java.util.Objects.requireNonNull(NAMES.get(old)), from + 1 + length);
            }
        }
        return NONE;
    }

    private static Found numbered(String text, int from) {
        boolean hex = text.startsWith("x", from) || text.startsWith("X", from);
        int start = hex ? from + 1 : from;
        int end = start;
        while (end < text.length() && text.charAt(end) < 128 && Character.digit(text.charAt(end), hex ? 16 : 10) >= 0) {
            end++;
        }
        if (end == start) {
            return NONE;
        }
        String digits = text.substring(start, end);
        int point = digits.length() > 8 ? Integer.MAX_VALUE : (int) Long.parseLong(digits, hex ? 16 : 10);
        int after = text.startsWith(";", end) ? end + 1 : end;
        boolean odd = point <= 0 || point > Character.MAX_CODE_POINT || point >= 0xd800 && point <= 0xdfff;
        return new Found(odd ? "\ufffd" : Character.toString(point), after);
    }
}
