package dev.troupe.model;

/**
 * A model, file or tokenizer that cannot be used; the message names the file, the tensor or the key, and the reason.
 */
public final class ModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error without a cause below it. */
    public ModelException(String message) {
        super(message);
    }

    /** An error with the exception that led to it. */
    public ModelException(String message, Throwable cause) {
        super(message, cause);
    }
}
