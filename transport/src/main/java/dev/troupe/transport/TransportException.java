package dev.troupe.transport;

import org.jspecify.annotations.Nullable;

/** Something about the way of a message went wrong; the text names station or receiver, stream and amount. */
public final class TransportException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message who, which stream, how much, and what to do */
    public TransportException(String message) {
        super(message);
    }

    /** @param message who, which stream, how much, and what to do */
    public TransportException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
