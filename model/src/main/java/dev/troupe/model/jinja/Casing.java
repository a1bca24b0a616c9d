package dev.troupe.model.jinja;

import java.util.Locale;

/** Upper, lower and title case as Python's str has them. */
final class Casing {
    private static final int SIGMA = 0x3a3;

    private Casing() {}

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        int[] points = text.codePoints().toArray();
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < points.length; i++) {
            out.append(lowerAt(points, i));
        }
        return out.toString();
    }

    private static String lowerAt(int[] points, int i) {
        if (points[i] != SIGMA) {
            return Character.toString(points[i]).toLowerCase(Locale.ROOT);
        }
        int before = i - 1;
        while (before >= 0 && isIgnorable(points[before])) {
            before--;
        }
        int after = i + 1;
        while (after < points.length && isIgnorable(points[after])) {
            after++;
        }
        boolean last = before >= 0
                && Characters.isCased(points[before])
                && (after == points.length || !Characters.isCased(points[after]));
        return last ? "\u03c2" : "\u03c3";
    }

    private static boolean isIgnorable(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK,
                    Character.ENCLOSING_MARK,
                    Character.FORMAT,
                    Character.MODIFIER_LETTER,
                    Character.MODIFIER_SYMBOL -> true;
            default -> "'.:\u00b7\u2018\u2019\u2024\u2027".indexOf(c) >= 0;
        };
    }

    private static String title(int c) {
        if (Character.toTitleCase(c) != c) {
            return Character.toString(Character.toTitleCase(c));
        }
        String upper = Character.toString(c).toUpperCase(Locale.ROOT);
        int first = upper.codePointAt(0);
        int size = Character.charCount(first);
        if (upper.length() == size) {
            return Character.toString(c);
        }
        if (!Characters.isCased(first)) {
            return upper;
        }
        String rest =
                c >= 0x1f80 && c <= 0x1fff ? upper.substring(size).replace('\u0399', '\u0345') : upper.substring(size);
        return upper.substring(0, size) + rest.toLowerCase(Locale.ROOT);
    }

    static String title(String text) {
        int[] points = text.codePoints().toArray();
        StringBuilder out = new StringBuilder();
        boolean inside = false;
        for (int i = 0; i < points.length; i++) {
            out.append(inside ? lowerAt(points, i) : title(points[i]));
            inside = Characters.isCased(points[i]);
        }
        return out.toString();
    }

    static String capitalize(String text) {
        int[] points = text.codePoints().toArray();
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < points.length; i++) {
            out.append(i == 0 ? title(points[i]) : lowerAt(points, i));
        }
        return out.toString();
    }

    static String swap(String text) {
        int[] points = text.codePoints().toArray();
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < points.length; i++) {
            String point = Character.toString(points[i]);
            out.append(
                    Character.isUpperCase(points[i])
                            ? lowerAt(points, i)
                            : Character.isLowerCase(points[i]) ? point.toUpperCase(Locale.ROOT) : point);
        }
        return out.toString();
    }

    static String fold(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> {
            String point = Character.toString(c);
            boolean cherokee = c >= 0x13a0 && c <= 0x13f5;
            out.append(
                    c == 0x131 || cherokee
                            ? point
                            : point.toUpperCase(Locale.ROOT)
                                    .toLowerCase(Locale.ROOT)
                                    .replace('\u03c2', '\u03c3'));
        });
        return out.toString();
    }

    static boolean isLower(String text) {
        return text.codePoints().anyMatch(Character::isLowerCase)
                && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
    }

    static boolean isUpper(String text) {
        return text.codePoints().anyMatch(Character::isUpperCase)
                && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
    }

    static boolean isTitle(String text) {
        boolean any = false;
        boolean inside = false;
        for (int c : text.codePoints().toArray()) {
            if (Character.isUpperCase(c) || Character.isTitleCase(c)) {
                if (inside) {
                    return false;
                }
                inside = true;
                any = true;
            } else if (Character.isLowerCase(c)) {
                if (!inside) {
                    return false;
                }
                any = true;
            } else {
                inside = false;
            }
        }
        return any;
    }
}
