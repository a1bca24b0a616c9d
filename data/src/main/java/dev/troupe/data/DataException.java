package dev.troupe.data;

import java.nio.file.Path;

/**
 * Input that cannot be used; the message names the file (and line, counted from 1), the reason and what was expected.
 */
public final class DataException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DataException(String message) {
        super(message);
    }

    public DataException(String message, Throwable cause) {
        super(message, cause);
    }

    /**
     * A bad line of a file.
     *
     * @param line counted from 1
     */
    public static DataException at(Path file, long line, String reason) {
        return new DataException(file + ":" + line + ": " + reason);
    }

    /** A file that is bad as a whole. */
    public static DataException of(Path file, String reason) {
        return new DataException(file + ": " + reason);
    }
}
