package dev.troupe.deploy.settings;

/** A setting or argument that cannot be used; the message names it, where it stands and what was expected. */
public final class SettingsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error without a cause below it. */
    public SettingsException(String message) {
        super(message);
    }

    /** An error with the exception that led to it. */
    public SettingsException(String message, Throwable cause) {
        super(message, cause);
    }
}
