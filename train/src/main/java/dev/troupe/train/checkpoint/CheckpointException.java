package dev.troupe.train.checkpoint;

/** A checkpoint that cannot be written or read; the message names the file and what is wrong with it. */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** An error without a cause below it. */
    public CheckpointException(String message) {
        super(message);
    }

    /** An error with the exception that led to it. */
    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
