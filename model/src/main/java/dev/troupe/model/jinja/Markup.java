package dev.troupe.model.jinja;

/** Text that the filters safe and escape made: what is added to it is escaped first. */
record Markup(String text) {
    static Markup escape(Object value) {
        return value instanceof Markup markup ? markup : new Markup(escaped(Repr.str(value)));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace(">", "&gt;")
                .replace("<", "&lt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;");
    }
}
