package dev.troupe.model.jinja;

import java.util.ArrayList;
import java.util.List;

/** Where statements write: the template's text, or the text of a macro or a block. */
final class Sink {
    private final StringBuilder text = new StringBuilder();
    private final List<Rendered.Range> ranges = new ArrayList<>();
    private final boolean outermost;

    Sink(boolean outermost) {
        this.outermost = outermost;
    }

    void append(String more) {
        Run.checkLength(text.length() + (long) more.length());
        text.append(more);
    }

    boolean outermost() {
        return outermost;
    }

    int length() {
        return text.length();
    }

    void mark(int start) {
        ranges.add(new Rendered.Range(start, text.length()));
    }

    List<Rendered.Range> ranges() {
        return ranges;
    }

    String text() {
        return text.toString();
    }
}
