package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** jinja2's filter urlize: links in HTML around what looks like an address. */
final class Urlize {
    private static final int LONGEST_WORD = 2000;
    private static final int FLAGS = Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE | Pattern.UNICODE_CHARACTER_CLASS;
    private static final Pattern HTTP = Pattern.compile(
            "(?:(?:https?://|www\\.)(?:(?:[\\w%-]+\\.)+)?(?:[a-z]{2,63}|xn--[\\w%]{2,59})"
                    + "|(?:[\\w%-]{2,63}\\.)+(?:com|net|int|edu|gov|org|info|mil)"
                    + "|https?://(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[(?:[\\da-f]{0,4}:){2}(?:[\\da-f]{0,4}:?){1,6}\\]))"
                    + "(?::\\d{1,5})?(?:[/?#]\\S*)?",
            FLAGS);
    private static final Pattern EMAIL = Pattern.compile("\\S+@\\w[\\w.-]*\\.\\w+", Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern HEAD = Pattern.compile("^([(<]|&lt;)+");
    private static final Pattern TAIL = Pattern.compile("([)>.,\\n]|&gt;)+$");
    private static final Pattern SCHEME = Pattern.compile("[\\w.+-]{2,}:(/){0,2}", Pattern.UNICODE_CHARACTER_CLASS);

    private final String text;
    private final Object limit;
    private final String attributes;
    private final List<String> schemes = new ArrayList<>();

    /** @param v the text, trim_url_limit, nofollow, target, rel, extra_schemes */
    Urlize(List<Object> v) {
        this.text = Markup.escape(v.get(0)).text();
        this.limit = v.get(1);
        TreeSet<String> rel = new TreeSet<>(List.of("noopener"));
        if (Types.truth(v.get(4))) {
            rel.addAll(Splitting.atSpace(Texts.of(v.get(4)), -1));
        }
        if (Types.truth(v.get(2))) {
            rel.add("nofollow");
        }
        String target =
                Types.truth(v.get(3)) ? " target=\"" + Markup.escape(v.get(3)).text() + "\"" : "";
        this.attributes = " rel=\"" + Markup.escape(String.join(" ", rel)).text() + "\"" + target;
        if (v.get(5) != None.NONE) {
            for (Object scheme : Types.list(v.get(5))) {
                if (!SCHEME.matcher(Texts.of(scheme)).matches()) {
                    throw PyError.template(Repr.repr(scheme) + " is not a valid URI scheme prefix.");
                }
                schemes.add(Texts.of(scheme));
            }
        }
    }

    String apply() {
        StringBuilder out = new StringBuilder();
        int from = 0;
        while (from < text.length()) {
            int to = from;
            boolean space = Characters.isSpace(text.charAt(from));
            while (to < text.length() && Characters.isSpace(text.charAt(to)) == space) {
                to++;
            }
            out.append(space ? text.substring(from, to) : word(text.substring(from, to)));
            from = to;
        }
        return out.toString();
    }

    private String word(String word) {
        if (word.length() > LONGEST_WORD) {
            throw PyError.limit("urlize: a word of more than " + LONGEST_WORD + " characters");
        }
        Matcher head = HEAD.matcher(word);
        String front = head.find() ? head.group() : "";
        String middle = word.substring(front.length());
        Matcher tail = TAIL.matcher(middle);
        String back = tail.find() ? tail.group() : "";
        middle = middle.substring(0, middle.length() - back.length());
        for (String[] pair : new String[][] {{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}}) {
            int opened = count(middle, pair[0]);
            int moves = opened <= count(middle, pair[1]) ? 0 : Math.min(opened, count(back, pair[1]));
            for (int i = 0; i < moves; i++) {
                int end = back.indexOf(pair[1]) + pair[1].length();
                middle += back.substring(0, end);
                back = back.substring(end);
            }
        }
        return front + linked(middle) + back;
    }

    private static int count(String text, String part) {
        return Splitting.at(text, part, -1).size() - 1;
    }

    private String trimmed(String url) {
        if (limit == None.NONE || !Ordering.compare(Ordering.Op.GT, Numbers.of(Texts.length(url)), limit)) {
            return url;
        }
        return new SliceValue(None.NONE, limit, None.NONE).of(url) + "...";
    }

    private String linked(String word) {
        if (HTTP.matcher(word).matches()) {
            String scheme = word.startsWith("https://") || word.startsWith("http://") ? "" : "https://";
            return "<a href=\"" + scheme + word + "\"" + attributes + ">" + trimmed(word) + "</a>";
        }
        if (word.startsWith("mailto:") && EMAIL.matcher(word.substring(7)).matches()) {
            return "<a href=\"" + word + "\">" + word.substring(7) + "</a>";
        }
        boolean mail = word.contains("@") && !word.startsWith("www.") && !word.startsWith("@") && !word.contains(":");
        if (mail && EMAIL.matcher(word).matches()) {
            return "<a href=\"mailto:" + word + "\">" + word + "</a>";
        }
        String linked = word;
        if (!mail || !EMAIL.matcher(word).matches()) {
            for (String scheme : schemes) {
                if (!linked.equals(scheme) && linked.startsWith(scheme)) {
                    linked = "<a href=\"" + linked + "\"" + attributes + ">" + linked + "</a>";
                }
            }
        }
        return linked;
    }
}
