package dev.troupe.model.jinja;

import java.util.List;

/** Finding, counting and replacing in text; indices count code points. */
final class TextSearch {
    private TextSearch() {}

    /** The part that optional bounds leave, and where it begins; null text where there is none. */
    private record Part(String text, int from, boolean possible) {}

    private static Part part(String self, List<Object> given) {
        int length = Texts.length(self);
        int from = given.size() > 1 ? bound(given.get(1), length, 0) : 0;
        int to = given.size() > 2 ? bound(given.get(2), length, length) : length;
        to = Math.min(to, length);
        return from > to ? new Part("", from, false) : new Part(Texts.slice(self, from, to), from, true);
    }

    private static int bound(Object value, int length, int absent) {
        if (value == None.NONE) {
            return absent;
        }
        int at = Numbers.clipped(value);
        return at < 0 ? Math.max(0, at + length) : at;
    }

    static int find(String name, String self, Args args, boolean last) {
        List<Object> given = args.only(name, 1, 3);
        String wanted = Texts.of(given.get(0));
        Part part = part(self, given);
        if (!part.possible()) {
            return -1;
        }
        int at = last ? part.text().lastIndexOf(wanted) : part.text().indexOf(wanted);
        return at < 0 ? -1 : part.from() + part.text().codePointCount(0, at);
    }

    static int count(String self, Args args) {
        List<Object> given = args.only("count", 1, 3);
        String wanted = Texts.of(given.get(0));
        Part part = part(self, given);
        return part.possible() ? count(part.text(), wanted) : 0;
    }

    private static int count(String text, String wanted) {
        if (wanted.isEmpty()) {
            return Texts.length(text) + 1;
        }
        int count = 0;
        for (int at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length())) {
            count++;
        }
        return count;
    }

    static boolean borders(String name, String self, Args args, boolean front) {
        List<Object> given = args.only(name, 1, 3);
        List<Object> wanted = given.get(0) instanceof PyTuple tuple ? tuple.items() : List.of(given.get(0));
        Part part = part(self, given);
        for (Object each : wanted) {
            String text = Texts.of(each);
            if (part.possible()
                    && (front ? part.text().startsWith(text) : part.text().endsWith(text))) {
                return true;
            }
        }
        return false;
    }

    /** Replaces at most {@code most} occurrences; a negative number is no bound. */
    static String replace(Run run, String self, String old, String with, int most) {
        int count = count(self, old);
        int times = most < 0 ? count : Math.min(most, count);
        run.length(self.length() + (long) times * Math.max(0, with.length() - old.length()));
        StringBuilder out = new StringBuilder();
        int from = 0;
        for (int i = 0; i < times; i++) {
            int at = self.indexOf(old, from);
            out.append(self, from, at).append(with);
            from = at + old.length();
            if (old.isEmpty() && from < self.length()) {
                int point = self.codePointAt(from);
                out.appendCodePoint(point);
                from += Character.charCount(point);
            }
        }
        return out.append(self, Math.min(from, self.length()), self.length()).toString();
    }
}
