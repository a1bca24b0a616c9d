package dev.troupe.model;

import java.util.ArrayDeque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A regular expression in Python's syntax over names of modules, as peft's configurations have them. What Java's
 * engine reads in another way is rewritten; what Python's does not have is refused. Matching is bounded in steps.
 */
final class PythonRegex {
    /** Characters looked at in one match; far more than any sensible expression needs for a module's name. */
    private static final int MAX_STEPS = 1_000_000;

    private static final int MAX_LENGTH = 20_000;

    /** Letters that Python reads after a backslash in the way that Java does. */
    private static final String SHARED_ESCAPES = "AbBdDsSwWafnrtxuU";

    private final String text;
    private final Pattern pattern;

    private PythonRegex(String text, Pattern pattern) {
        this.text = text;
        this.pattern = pattern;
    }

    /** @throws IllegalArgumentException that says what is wrong with the expression */
    static PythonRegex of(String text) {
        if (text.length() > MAX_LENGTH) {
            throw new IllegalArgumentException("a regular expression of " + text.length() + " characters; at most "
                    + MAX_LENGTH + " are accepted");
        }
        try {
            return new PythonRegex(text, Pattern.compile(new Translator(text).translate()));
        } catch (PatternSyntaxException | StackOverflowError e) {
            String why = e instanceof PatternSyntaxException p ? p.getDescription() : "it is nested too deeply";
            throw new IllegalArgumentException("'" + text + "' is no regular expression: " + why, e);
        }
    }

    /** {@code re.fullmatch}. */
    boolean matchesAll(String name) {
        return run(name, Matcher::matches);
    }

    /** {@code re.match}: the expression matches from the name's beginning on. */
    boolean matchesBeginning(String name) {
        return run(name, Matcher::lookingAt);
    }

    /** What a group of {@code re.match} matched, or an empty text. */
    String group(String name, String group) {
        StringBuilder found = new StringBuilder();
        run(name, matcher -> matcher.lookingAt() && found.append(matcher.group(group)) != null);
        return found.toString();
    }

    private interface Question {
        boolean of(Matcher matcher);
    }

    private boolean run(String name, Question question) {
        try {
            return question.of(pattern.matcher(new Counted(name, 0, name.length(), new int[1])));
        } catch (StepsExceeded | StackOverflowError e) {
            throw new ModelException(
                    "the regular expression '" + text + "' takes too many steps over '" + name + "': simplify it", e);
        }
    }

    private static final class StepsExceeded extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    /** A name whose characters are counted as they are looked at. */
    private record Counted(String name, int from, int to, int[] steps) implements CharSequence {
        @Override
        public int length() {
            return to - from;
        }

        @Override
        public char charAt(int index) {
            if (++steps[0] > MAX_STEPS) {
                throw new StepsExceeded();
            }
            return name.charAt(from + index);
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return new Counted(name, from + start, from + end, steps);
        }

        @Override
        public String toString() {
            return name.substring(from, to);
        }
    }

    /** Python's syntax into Java's. */
    private static final class Translator {
        private static final Pattern FLAGS = Pattern.compile("\\(\\?([aimsux]*(?:-[imsx]+)?)([:)])");
        private static final Pattern OCTAL = Pattern.compile("\\\\(0[0-7]{0,2}|[1-3][0-7]{2})");
        private static final Pattern GROUP = Pattern.compile("\\\\([1-9][0-9]?)");
        private static final Pattern CLASS_RANGE = Pattern.compile("\\\\(?:[dDsSwW]-[^]]|[0-9])");
        private static final Pattern EXTENSIONS = Pattern.compile("\\(\\?(?:=|!|<=|<!|>)");

        private final String text;
        private final StringBuilder out = new StringBuilder();
        private int at;
        private int groups;
        /** Numbers of the groups that are open, 0 for those without one. */
        private final ArrayDeque<Integer> open = new ArrayDeque<>();

        Translator(String text) {
            this.text = text;
        }

        String translate() {
            while (at < text.length()) {
                char c = text.charAt(at);
                if (c == '\\') {
                    escape();
                } else if (c == '[') {
                    characters();
                } else if (c == '{') {
                    repetition();
                } else if (c == '(' && text.startsWith("(?", at)) {
                    extension();
                } else {
                    bracket(c);
                    out.append(c);
                    at++;
                }
            }
            return out.toString();
        }

        private void bracket(char c) {
            if (c == '(') {
                open.push(++groups);
            } else if (c == ')' && !open.isEmpty()) {
                open.pop();
            }
        }

        private void escape() {
            if (at + 1 == text.length()) {
                throw new PatternSyntaxException("it ends with a backslash", text, at);
            }
            char c = text.charAt(at + 1);
            if (c >= '0' && c <= '9') {
                digits();
                return;
            }
            boolean letter = c < 128 && Character.isLetter(c);
            if (letter && c != 'Z' && c != 'v' && SHARED_ESCAPES.indexOf(c) < 0) {
                throw new PatternSyntaxException("\\" + c + " has no meaning in Python", text, at);
            }
            out.append(c == 'Z' ? "\\z" : c == 'v' ? "\\x0B" : "\\" + c);
            at += 2;
        }

        /** A character by its number in octal, or what a group before it matched. */
        private void digits() {
            Matcher octal = OCTAL.matcher(text).region(at, text.length());
            Matcher group = GROUP.matcher(text).region(at, text.length());
            if (octal.lookingAt()) {
                out.append("\\0").append(octal.group(1));
                at = octal.end();
            } else if (group.lookingAt()
                    && Integer.parseInt(group.group(1)) <= groups
                    && !open.contains(Integer.parseInt(group.group(1)))) {
                out.append("(?:\\").append(group.group(1)).append(')');
                at = group.end();
            } else {
                throw new PatternSyntaxException("a number of a group that is not there", text, at);
            }
        }

        /** A bracketed class: Java takes [ and && in it as operators, Python as characters. */
        private void characters() {
            out.append('[');
            at++;
            if (at < text.length() && text.charAt(at) == '^') {
                out.append('^');
                at++;
            }
            boolean first = true;
            while (at < text.length() && (first || text.charAt(at) != ']')) {
                char c = text.charAt(at);
                if (c == '\\') {
                    if (CLASS_RANGE.matcher(text).region(at, text.length()).lookingAt()) {
                        throw new PatternSyntaxException("a range that begins with a class, or a number", text, at);
                    }
                    escape();
                } else {
                    out.append(c == '[' || c == ']' || c == '&' ? "\\" : "").append(c);
                    at++;
                }
                first = false;
            }
        }

        /** {n}, {n,}, {,m} and {n,m} repeat; any other { is a character. */
        private void repetition() {
            Matcher counts =
                    Pattern.compile("\\{(\\d*)(,?)(\\d*)}").matcher(text).region(at, text.length());
            boolean repeats = counts.lookingAt()
                    && !(counts.group(1).isEmpty() && counts.group(3).isEmpty());
            if (repeats && (at == 0 || "(|".indexOf(text.charAt(at - 1)) >= 0)) {
                throw new PatternSyntaxException("nothing to repeat", text, at);
            }
            if (repeats) {
                String least = counts.group(1).isEmpty() ? "0" : counts.group(1);
                out.append('{')
                        .append(least)
                        .append(counts.group(2))
                        .append(counts.group(3))
                        .append('}');
                at = counts.end();
            } else {
                out.append("\\{");
                at++;
            }
        }

        /** What begins with (?: flags, comments, named groups, and what Python does not have. */
        private void extension() {
            Matcher flags = FLAGS.matcher(text).region(at, text.length());
            if (flags.lookingAt()) {
                if (flags.group(2).equals(")") && at > 0) {
                    throw new PatternSyntaxException("flags for all of it stand at its beginning", text, at);
                }
                if (flags.group(2).equals(":")) {
                    open.push(0);
                }
                out.append("(?").append(flags.group(1).replaceAll("[au]", "")).append(flags.group(2));
                at = flags.end();
            } else if (text.startsWith("(?#", at)) {
                int end = text.indexOf(')', at);
                at = end < 0 ? text.length() + 1 : end + 1;
                if (end < 0) {
                    throw new PatternSyntaxException("a comment without an end", text, text.length());
                }
            } else if (text.startsWith("(?P", at)) {
                group();
            } else if (EXTENSIONS.matcher(text).region(at, text.length()).lookingAt()) {
                open.push(0);
                out.append("(?");
                at += 2;
            } else {
                throw new PatternSyntaxException("(? has to be followed by : = ! <= <! > # P or flags", text, at);
            }
        }

        /** (?P&lt;name&gt; ...) and (?P=name). */
        private void group() {
            if (text.startsWith("(?P<", at)) {
                out.append("(?<");
                at += 4;
                open.push(++groups);
                copyName('>');
                out.append('>');
            } else if (text.startsWith("(?P=", at)) {
                out.append("\\k<");
                at += 4;
                copyName(')');
                out.append('>');
            } else {
                throw new PatternSyntaxException("(?P has to be followed by < or =", text, at);
            }
        }

        /** Java's names of groups have letters and digits only. */
        private void copyName(char end) {
            int stop = text.indexOf(end, at);
            if (stop <= at) {
                throw new PatternSyntaxException("a group without a name", text, at);
            }
            String name = text.substring(at, stop);
            out.append(name.replace("Q", "QQ").replace("_", "Qu"));
            at = stop + 1;
        }
    }
}
