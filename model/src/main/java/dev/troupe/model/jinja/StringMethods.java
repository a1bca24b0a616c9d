package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/** The methods of Python's str. */
final class StringMethods {
    private interface Method {
        Object call(Run run, String self, Args args);
    }

    private static final Map<String, Method> METHODS = new HashMap<>();

    private StringMethods() {}

    static {
        casing();
        predicates();
        cutting();
        searching();
        padding();
        building();
    }

    /** The names of the methods whose result is Markup where the text is. */
    private static boolean keepsMarkup(String name) {
        return !name.equals("encode") && !name.equals("maketrans");
    }

    static Object find(Object self, String name) {
        if (self instanceof Markup && MarkupMethods.has(name)) {
            return MarkupMethods.find((Markup) self, name);
        }
        Method method = METHODS.get(name);
        if (method == null) {
            return Missing.MISSING;
        }
        return new Function("", (run, args) -> {
                    Object result = method.call(run, Texts.of(self), args);
                    return self instanceof Markup && keepsMarkup(name) ? marked(result) : result;
                })
                .named(name, self);
    }

    private static Object marked(Object result) {
        if (result instanceof String text) {
            return new Markup(text);
        }
        if (result instanceof PyList list) {
            return new PyList(list.items().stream().map(StringMethods::marked).toList());
        }
        if (result instanceof PyTuple tuple) {
            return new PyTuple(tuple.items().stream().map(StringMethods::marked).toList());
        }
        return result;
    }

    private static void plain(String name, UnaryOperator<String> change) {
        METHODS.put(name, (run, self, args) -> {
            args.only(name, 0, 0);
            return run.text(change.apply(self));
        });
    }

    private static void test(String name, Predicate<String> test) {
        METHODS.put(name, (run, self, args) -> {
            args.only(name, 0, 0);
            return test.test(self);
        });
    }

    private static void each(String name, IntPredicate test) {
        test(name, self -> !self.isEmpty() && self.codePoints().allMatch(test));
    }

    private static void casing() {
        plain("upper", Casing::upper);
        plain("lower", Casing::lower);
        plain("title", Casing::title);
        plain("capitalize", Casing::capitalize);
        plain("swapcase", Casing::swap);
        plain("casefold", Casing::fold);
    }

    private static void predicates() {
        each("isalnum", Characters::isAlphanumeric);
        each("isalpha", Characters::isAlpha);
        each("isdecimal", Characters::isDecimal);
        each("isdigit", Characters::isDigit);
        each("isnumeric", Characters::isNumeric);
        each("isspace", Characters::isSpace);
        test("isascii", self -> self.chars().allMatch(c -> c < 128));
        test("isprintable", self -> self.codePoints().allMatch(Characters::isPrintable));
        test("isidentifier", Characters::isIdentifier);
        test("islower", Casing::isLower);
        test("isupper", Casing::isUpper);
        test("istitle", Casing::isTitle);
    }

    private static void cutting() {
        METHODS.put("strip", (run, self, args) -> strip("strip", self, args, true, true));
        METHODS.put("lstrip", (run, self, args) -> strip("lstrip", self, args, true, false));
        METHODS.put("rstrip", (run, self, args) -> strip("rstrip", self, args, false, true));
        METHODS.put("split", (run, self, args) -> split(run, self, args, false));
        METHODS.put("rsplit", (run, self, args) -> split(run, self, args, true));
        METHODS.put("splitlines", (run, self, args) -> {
            Object keep = Signature.of("splitlines")
                    .with("keepends", false)
                    .bind(args)
                    .get(0);
            return run.list(
                    Splitting.lines(self, Numbers.isInt(keep) ? Types.truth(keep) : Numbers.clipped(keep) != 0));
        });
        METHODS.put(
                "partition",
                (run, self, args) ->
                        partition(self, Texts.of(args.only("partition", 1, 1).get(0)), false));
        METHODS.put(
                "rpartition",
                (run, self, args) ->
                        partition(self, Texts.of(args.only("rpartition", 1, 1).get(0)), true));
        METHODS.put("removeprefix", (run, self, args) -> {
            String prefix = Texts.of(args.only("removeprefix", 1, 1).get(0));
            return self.startsWith(prefix) ? self.substring(prefix.length()) : self;
        });
        METHODS.put("removesuffix", (run, self, args) -> {
            String suffix = Texts.of(args.only("removesuffix", 1, 1).get(0));
            return self.endsWith(suffix) ? self.substring(0, self.length() - suffix.length()) : self;
        });
    }

    private static Object strip(String name, String self, Args args, boolean front, boolean back) {
        List<Object> given = args.only(name, 0, 1);
        return strip(self, given.isEmpty() ? None.NONE : given.get(0), front, back);
    }

    /** Without white space, or without the characters of a text, at its ends. */
    static String strip(String self, Object characters, boolean front, boolean back) {
        IntPredicate gone = Characters::isSpace;
        if (characters != None.NONE) {
            String set = Texts.of(characters);
            gone = c -> set.indexOf(c) >= 0;
        }
        int from = 0;
        while (front && from < self.length() && gone.test(self.codePointAt(from))) {
            from += Character.charCount(self.codePointAt(from));
        }
        int to = self.length();
        while (back && to > from && gone.test(self.codePointBefore(to))) {
            to -= Character.charCount(self.codePointBefore(to));
        }
        return self.substring(from, to);
    }

    private static Object split(Run run, String self, Args args, boolean fromEnd) {
        List<Object> given = Signature.of("split")
                .with("sep", None.NONE)
                .with("maxsplit", Numbers.of(-1))
                .bind(args);
        int most = Numbers.size(given.get(1));
        if (given.get(0) == None.NONE) {
            return run.list(fromEnd ? Splitting.atSpaceFromEnd(self, most) : Splitting.atSpace(self, most));
        }
        String separator = Texts.of(given.get(0));
        return run.list(fromEnd ? Splitting.atFromEnd(self, separator, most) : Splitting.at(self, separator, most));
    }

    private static Object partition(String self, String separator, boolean last) {
        Splitting.checkSeparator(separator);
        int at = last ? self.lastIndexOf(separator) : self.indexOf(separator);
        if (at < 0) {
            return last ? PyTuple.of("", "", self) : PyTuple.of(self, "", "");
        }
        return PyTuple.of(self.substring(0, at), separator, self.substring(at + separator.length()));
    }

    private static void searching() {
        METHODS.put("find", (run, self, args) -> Numbers.of(TextSearch.find("find", self, args, false)));
        METHODS.put("rfind", (run, self, args) -> Numbers.of(TextSearch.find("rfind", self, args, true)));
        METHODS.put("index", (run, self, args) -> found(TextSearch.find("index", self, args, false)));
        METHODS.put("rindex", (run, self, args) -> found(TextSearch.find("rindex", self, args, true)));
        METHODS.put("count", (run, self, args) -> Numbers.of(TextSearch.count(self, args)));
        METHODS.put("startswith", (run, self, args) -> TextSearch.borders("startswith", self, args, true));
        METHODS.put("endswith", (run, self, args) -> TextSearch.borders("endswith", self, args, false));
    }

    private static Object found(int index) {
        if (index < 0) {
            throw PyError.value("substring not found");
        }
        return Numbers.of(index);
    }

    private static void padding() {
        METHODS.put("center", (run, self, args) -> pad(run, "center", self, args));
        METHODS.put("ljust", (run, self, args) -> pad(run, "ljust", self, args));
        METHODS.put("rjust", (run, self, args) -> pad(run, "rjust", self, args));
        METHODS.put("zfill", (run, self, args) -> {
            int missing = run.width(args.only("zfill", 1, 1).get(0)) - Texts.length(self);
            boolean signed = self.startsWith("+") || self.startsWith("-");
            String zeros = "0".repeat(Math.max(0, missing));
            return signed ? self.charAt(0) + zeros + self.substring(1) : zeros + self;
        });
        METHODS.put(
                "expandtabs",
                (run, self, args) -> expandTabs(
                        run,
                        self,
                        Signature.of("expandtabs")
                                .with("tabsize", Numbers.of(8))
                                .bind(args)
                                .get(0)));
    }

    private static Object pad(Run run, String name, String self, Args args) {
        List<Object> given = args.only(name, 1, 2);
        String fill = given.size() > 1 ? Texts.of(given.get(1)) : " ";
        if (Texts.length(fill) != 1) {
            throw PyError.type("the fill character must be exactly one character long");
        }
        return pad(self, run.width(given.get(0)), fill, name);
    }

    static String pad(String self, int width, String fill, String how) {
        int missing = width - Texts.length(self);
        if (missing <= 0) {
            return self;
        }
        int left = switch (how) {
            case "ljust" -> 0;
            case "rjust" -> missing;
            default -> missing / 2 + (missing & width & 1);
        };
        return fill.repeat(left) + self + fill.repeat(missing - left);
    }

    private static Object expandTabs(Run run, String self, Object size) {
        int width = run.width(size);
        StringBuilder out = new StringBuilder();
        int column = 0;
        for (int c : self.codePoints().toArray()) {
            if (c == '\t') {
                int spaces = width > 0 ? width - column % width : 0;
                out.append(" ".repeat(spaces));
                column += spaces;
            } else {
                out.appendCodePoint(c);
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
            Run.checkLength(out.length());
        }
        return run.text(out.toString());
    }

    private static void building() {
        METHODS.put(
                "join",
                (run, self, args) -> join(run, self, args.only("join", 1, 1).get(0)));
        METHODS.put("replace", (run, self, args) -> {
            List<Object> given = args.only("replace", 2, 3);
            int most = given.size() > 2 ? Numbers.size(given.get(2)) : -1;
            return TextSearch.replace(run, self, Texts.of(given.get(0)), Texts.of(given.get(1)), most);
        });
        METHODS.put("format", (run, self, args) -> new TextFormat(run, false).format(self, args));
        METHODS.put("format_map", (run, self, args) -> new TextFormat(run, false).formatMap(self, args));
        METHODS.put(
                "translate",
                (run, self, args) ->
                        translate(run, self, args.only("translate", 1, 1).get(0)));
        METHODS.put("maketrans", (run, self, args) -> Translation.table(args.only("maketrans", 1, 3)));
        METHODS.put("encode", (run, self, args) -> {
            throw PyError.unsupported("bytes (str.encode) are");
        });
    }

    static String join(Run run, String separator, Object values) {
        List<String> parts = new ArrayList<>();
        long length = 0;
        for (Object value : Types.list(values)) {
            if (!Texts.is(value)) {
                throw PyError.type("join() needs text, got " + Types.name(value));
            }
            parts.add(Texts.of(value));
            length += Texts.of(value).length() + (long) separator.length();
        }
        run.length(length);
        return String.join(separator, parts);
    }

    private static Object translate(Run run, String self, Object table) {
        StringBuilder out = new StringBuilder();
        self.codePoints().forEach(c -> out.append(Translation.of(c, table)));
        return run.text(out.toString());
    }
}
