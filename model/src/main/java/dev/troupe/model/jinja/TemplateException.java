package dev.troupe.model.jinja;

/** A template that cannot be read, or that refused or failed on what it was given. */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int line;
    private final boolean refused;

    TemplateException(String message, int line, boolean refused) {
        super(message);
        this.line = line;
        this.refused = refused;
    }

    /** The template's line, from 1. */
    public int line() {
        return line;
    }

    /**
     * Whether jinja2 would have gone on: the template uses a construct that docs/chat-templates.md lists as refused, or
     * exceeds a bound on its work.
     */
    public boolean refused() {
        return refused;
    }
}
