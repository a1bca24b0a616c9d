package dev.troupe.model.jinja;

import java.util.List;
import java.util.Map;

/** Filters that change text. */
final class TextFilters {
    private TextFilters() {}

    static void addTo(Map<String, Builtin> all) {
        for (String name : List.of("upper", "lower", "capitalize")) {
            add(all, Signature.of(name, "s"), name, (run, v) -> method(run, v.get(0), name));
        }
        add(all, Signature.of("title", "s"), "title", (run, v) -> run.text(title(Repr.str(v.get(0)))));
        add(all, Signature.of("trim", "value").with("chars", None.NONE), "trim", (run, v) -> {
            Object text = Texts.soft(v.get(0));
            return Texts.like(text, StringMethods.strip(Texts.of(text), v.get(1), true, true));
        });
        add(all, Signature.of("string", "object"), "string", (run, v) -> Texts.soft(v.get(0)));
        add(all, Signature.of("center", "value").with("width", Numbers.of(80)), "center", (run, v) -> {
            Object text = Texts.soft(v.get(0));
            return Texts.like(text, StringMethods.pad(Texts.of(text), run.width(v.get(1)), " ", "center"));
        });
        replacing(all);
        html(all);
        add(all, Signature.of("wordcount", "s"), "wordcount", (run, v) -> Numbers.of(words(Repr.str(v.get(0)))));
    }

    private static void add(Map<String, Builtin> all, Signature signature, String name, Builtin.Body body) {
        all.put(name, Builtin.of(signature, body));
    }

    private static Object method(Run run, Object value, String name) {
        return ((Function) StringMethods.find(Texts.soft(value), name)).call(run, Args.of());
    }

    private static void replacing(Map<String, Builtin> all) {
        Signature replace = Signature.of("replace", "s", "old", "new").with("count", None.NONE);
        add(
                all,
                replace,
                "replace",
                (run, v) -> TextSearch.replace(
                        run,
                        Repr.str(v.get(0)),
                        Repr.str(v.get(1)),
                        Repr.str(v.get(2)),
                        v.get(3) == None.NONE ? -1 : Numbers.size(v.get(3))));
        all.put("format", new Builtin((run, args) -> format(run, args), false));
        Signature truncate = Signature.of("truncate", "s")
                .with("length", Numbers.of(255))
                .with("killwords", false)
                .with("end", "...")
                .with("leeway", None.NONE);
        add(all, truncate, "truncate", TextFilters::truncate);
    }

    private static Object format(Run run, Args args) {
        if (args.positional().isEmpty()) {
            throw PyError.type("format needs a value");
        }
        Args rest = args.from(1);
        if (!rest.positional().isEmpty() && !rest.named().isEmpty()) {
            throw PyError.template("can't handle positional and keyword arguments at the same time");
        }
        Object values = rest.named().isEmpty()
                ? new PyTuple(rest.positional())
                : rest.from(0).asDict("format");
        Object text = Texts.soft(args.positional().get(0));
        return Texts.like(text, new Percent(run, text, values).apply());
    }

    private static Object truncate(Run run, List<Object> v) {
        Object length = v.get(1);
        Object leeway = v.get(4) == None.NONE ? Numbers.of(5) : v.get(4);
        Object end = v.get(3);
        Object endLength = Numbers.of(Types.length(end));
        if (!Ordering.compare(Ordering.Op.GE, length, endLength)
                || !Ordering.compare(Ordering.Op.GE, leeway, Numbers.of(0))) {
            throw PyError.template(
                    "truncate: expected a length of at least " + Types.length(end) + " and a leeway >= 0");
        }
        Arithmetic arithmetic = new Arithmetic(run);
        Object most = arithmetic.apply("+", length, leeway);
        if (Ordering.compare(Ordering.Op.LE, Numbers.of(Types.length(v.get(0))), most)) {
            return v.get(0);
        }
        Object cut = new SliceValue(None.NONE, arithmetic.apply("-", length, endLength), None.NONE).of(v.get(0));
        if (Types.truth(v.get(2))) {
            return arithmetic.apply("+", cut, end);
        }
        String words = Splitting.atFromEnd(Texts.of(cut), " ", 1).get(0);
        return arithmetic.apply("+", Texts.like(cut, words), end);
    }

    /** Words begin after a hyphen, white space or an opening bracket. */
    private static String title(String text) {
        StringBuilder out = new StringBuilder();
        int[] points = text.codePoints().toArray();
        int from = 0;
        while (from < points.length) {
            boolean gap = isGap(points[from]);
            int to = from + 1;
            while (to < points.length && isGap(points[to]) == gap) {
                to++;
            }
            out.append(Casing.upper(new String(points, from, 1)))
                    .append(Casing.lower(new String(points, from + 1, to - from - 1)));
            from = to;
        }
        return out.toString();
    }

    private static boolean isGap(int c) {
        return Characters.isSpace(c) || "-({[<".indexOf(c) >= 0;
    }

    private static void html(Map<String, Builtin> all) {
        for (String name : List.of("escape", "e")) {
            all.put(
                    name,
                    new Builtin(
                            (run, args) -> {
                                Markup escaped =
                                        Markup.escape(args.only(name, 1, 1).get(0));
                                run.text(escaped.text());
                                return escaped;
                            },
                            false));
        }
        add(all, Signature.of("forceescape", "value"), "forceescape", (run, v) -> Markup.escape(Repr.str(v.get(0))));
        add(
                all,
                Signature.of("safe", "value"),
                "safe",
                (run, v) -> v.get(0) instanceof Markup ? v.get(0) : new Markup(Repr.str(v.get(0))));
        add(all, Signature.of("striptags", "value"), "striptags", (run, v) -> Html.stripTags(Repr.str(v.get(0))));
        add(all, Signature.of("urlencode", "value"), "urlencode", (run, v) -> run.text(Html.urlEncode(v.get(0))));
        add(
                all,
                Signature.of("xmlattr", "d").with("autospace", true),
                "xmlattr",
                (run, v) -> run.text(Html.attributes(v.get(0), Types.truth(v.get(1)))));
        Signature urlize = Signature.of("urlize", "value")
                .with("trim_url_limit", None.NONE)
                .with("nofollow", false)
                .with("target", None.NONE)
                .with("rel", None.NONE)
                .with("extra_schemes", None.NONE);
        add(all, urlize, "urlize", (run, v) -> run.text(new Urlize(v).apply()));
    }

    private static int words(String text) {
        int words = 0;
        boolean inside = false;
        for (int c : text.codePoints().toArray()) {
            boolean word = Characters.isWord(c);
            words += word && !inside ? 1 : 0;
            inside = word;
        }
        return words;
    }
}
