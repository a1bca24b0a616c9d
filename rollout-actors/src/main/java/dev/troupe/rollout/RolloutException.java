package dev.troupe.rollout;

import org.jspecify.annotations.Nullable;

/** A rollout actor could not go on; the message names the node and what it waited for. */
public final class RolloutException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public RolloutException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
