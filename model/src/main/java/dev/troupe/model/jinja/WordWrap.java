package dev.troupe.model.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Python's textwrap.wrap for one paragraph. */
final class WordWrap {
    private static final String SPACE = "[\\t\\n\\x0b\\f\\r ]";
    private static final String PUNCTUATION = "[\\w!\"'&.,?]";
    private static final String LETTER = "[^\\d\\W]";

    /** White space, a dash between words, or a word up to a hyphen, a dash or its end. */
    private static final Pattern PARTS = Pattern.compile(
            SPACE + "+|(?<=" + PUNCTUATION + ")-{2,}(?=\\w)|[^\\t\\n\\x0b\\f\\r ]+?(?:-(?:(?<=" + LETTER + "{2}-)|(?<="
                    + LETTER + "-" + LETTER + "-))(?=" + LETTER + "-?" + LETTER + ")|(?=" + SPACE + "|\\z)|(?<="
                    + PUNCTUATION + ")(?=-{2,}\\w))",
            Pattern.UNICODE_CHARACTER_CLASS);

    private static final Pattern GAPS = Pattern.compile(SPACE + "+");

    private final double width;
    private final boolean whole;
    private final boolean breakLongWords;
    private final boolean breakOnHyphens;

    WordWrap(Object width, boolean breakLongWords, boolean breakOnHyphens) {
        this.whole = Numbers.isInt(width);
        this.width = whole ? Numbers.clipped(width) : Numbers.real(width);
        this.breakLongWords = breakLongWords;
        this.breakOnHyphens = breakOnHyphens;
    }

    List<String> lines(String text) {
        if (width <= 0) {
            throw PyError.value("invalid width " + width + " (must be > 0)");
        }
        Deque<String> chunks = chunks(text);
        List<String> lines = new ArrayList<>();
        while (!chunks.isEmpty()) {
            if (isBlank(chunks.element()) && !lines.isEmpty()) {
                chunks.pop();
            }
            List<String> line = new ArrayList<>();
            int length = 0;
            while (!chunks.isEmpty() && length + Texts.length(chunks.element()) <= width) {
                length += Texts.length(chunks.element());
                line.add(chunks.pop());
            }
            if (!chunks.isEmpty() && Texts.length(chunks.element()) > width) {
                takeLongWord(chunks, line, (int) width - length);
            }
            if (!line.isEmpty() && isBlank(line.get(line.size() - 1))) {
                line.remove(line.size() - 1);
            }
            if (!line.isEmpty()) {
                lines.add(String.join("", line));
            }
        }
        return lines;
    }

    private static boolean isBlank(String text) {
        return Characters.strip(text).isEmpty();
    }

    private Deque<String> chunks(String text) {
        Deque<String> chunks = new ArrayDeque<>();
        Matcher matcher = (breakOnHyphens ? PARTS : GAPS).matcher(text);
        int from = 0;
        while (matcher.find()) {
            if (matcher.start() > from) {
                chunks.add(text.substring(from, matcher.start()));
            }
            if (matcher.end() > matcher.start()) {
                chunks.add(matcher.group());
            }
            from = matcher.end();
        }
        if (from < text.length()) {
            chunks.add(text.substring(from));
        }
        return chunks;
    }

    private void takeLongWord(Deque<String> chunks, List<String> line, int left) {
        if (!breakLongWords) {
            if (line.isEmpty()) {
                line.add(chunks.pop());
            }
            return;
        }
        if (!whole) {
            throw PyError.type("slice indices must be integers or None");
        }
        String word = chunks.pop();
        int end = Math.min(left, Texts.length(word));
        if (breakOnHyphens && Texts.length(word) > left) {
            String front = Texts.slice(word, 0, end);
            int hyphen = front.lastIndexOf('-');
            if (hyphen > 0 && front.substring(0, hyphen).chars().anyMatch(c -> c != '-')) {
                end = front.codePointCount(0, hyphen) + 1;
            }
        }
        line.add(Texts.slice(word, 0, end));
        chunks.push(Texts.slice(word, end, Texts.length(word)));
    }
}
