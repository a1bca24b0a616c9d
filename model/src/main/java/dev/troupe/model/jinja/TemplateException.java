package dev.troupe.model.jinja;

/** A template that cannot be read, or that refused or failed on what it was given. */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int line;
    private final boolean unsupported;

    TemplateException(String message, int line, boolean unsupported) {
        super(message);
        this.line = line;
        this.unsupported = unsupported;
    }

    /** The template's line, from 1. */
    public int line() {
        return line;
    }

    /** Whether the template uses one of the few constructs of jinja2 that docs/chat-templates.md lists as refused. */
    public boolean unsupported() {
        return unsupported;
    }
}
