package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The methods that Markup has beside or in place of those of str. */
final class MarkupMethods {
    private static final Set<String> NAMES = Set.of(
            "striptags", "unescape", "escape", "join", "replace", "format", "format_map", "center", "ljust", "rjust");

    private MarkupMethods() {}

    static boolean has(String name) {
        return NAMES.contains(name);
    }

    static Object find(Markup self, String name) {
        return new Function("<bound method Markup." + name + ">", (run, args) -> call(run, self, name, args));
    }

    private static Object call(Run run, Markup self, String name, Args args) {
        return switch (name) {
            case "striptags" -> Html.stripTags(self.text());
            case "unescape" -> Html.unescape(self.text());
            case "escape" -> Markup.escape(args.only(name, 1, 1).get(0));
            case "join" -> {
                List<Object> parts = new ArrayList<>();
                Types.list(args.only(name, 1, 1).get(0)).forEach(each -> parts.add(Markup.escape(each)));
                yield new Markup(StringMethods.join(run, self.text(), new PyList(parts)));
            }
            case "format" -> new Markup(new TextFormat(run, true).format(self.text(), args));
            case "format_map" -> new Markup(new TextFormat(run, true).formatMap(self.text(), args));
            default -> plain(run, self, name, escaped(args.only(name, 1, 3)));
        };
    }

    /** The arguments, the second one escaped: it goes into the text. */
    private static Args escaped(List<Object> given) {
        List<Object> all = new ArrayList<>(given);
        if (all.size() > 1) {
            all.set(1, Markup.escape(all.get(1)).text());
        }
        return new Args(all, java.util.Map.of());
    }

    private static Object plain(Run run, Markup self, String name, Args args) {
        Object method = StringMethods.find(self.text(), name);
        return new Markup(Texts.of(((Function) method).call(run, args)));
    }
}
