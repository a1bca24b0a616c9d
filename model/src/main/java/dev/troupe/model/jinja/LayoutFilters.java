package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Filters that lay out text in lines. */
final class LayoutFilters {
    private LayoutFilters() {}

    static void addTo(Map<String, Builtin> all) {
        Signature indent = Signature.of("indent", "s")
                .with("width", Numbers.of(4))
                .with("first", false)
                .with("blank", false);
        all.put("indent", Builtin.of(indent, LayoutFilters::indent));
        Signature wordwrap = Signature.of("wordwrap", "s")
                .with("width", Numbers.of(79))
                .with("break_long_words", true)
                .with("wrapstring", None.NONE)
                .with("break_on_hyphens", true);
        all.put("wordwrap", Builtin.of(wordwrap, LayoutFilters::wordWrap));
    }

    private static Object indent(Run run, List<Object> v) {
        Object width = v.get(1);
        String indention = Texts.is(width) ? Texts.of(width) : " ".repeat(Math.max(0, run.width(width)));
        Object given = v.get(0);
        if (!Texts.is(given)) {
            throw given instanceof Undefined u
                    ? u.failure()
                    : PyError.type("indent needs text, got " + Types.name(given));
        }
        List<String> lines = Splitting.lines(Texts.of(given) + "\n", false);
        boolean blank = Types.truth(v.get(3));
        run.length(Texts.of(given).length() + lines.size() * (long) indention.length());
        List<String> out = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            boolean indented = i > 0 && (blank || !lines.get(i).isEmpty());
            out.add(indented ? indention + lines.get(i) : lines.get(i));
        }
        String text = String.join("\n", out);
        return Texts.like(given, Types.truth(v.get(2)) ? indention + text : text);
    }

    private static Object wordWrap(Run run, List<Object> v) {
        if (!Texts.is(v.get(0))) {
            throw v.get(0) instanceof Undefined u ? u.failure() : PyError.type("wordwrap needs text");
        }
        String with = v.get(3) == None.NONE ? "\n" : Texts.of(v.get(3));
        WordWrap wrap = new WordWrap(v.get(1), Types.truth(v.get(2)), Types.truth(v.get(4)));
        List<Object> paragraphs = new ArrayList<>();
        for (String line : Splitting.lines(Texts.of(v.get(0)), false)) {
            paragraphs.add(StringMethods.join(run, with, new PyList(List.copyOf(wrap.lines(line)))));
        }
        return StringMethods.join(run, with, new PyList(paragraphs));
    }
}
