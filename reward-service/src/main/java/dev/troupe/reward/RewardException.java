package dev.troupe.reward;

/** The reward cannot be used as configured; the message names the key and what to do. */
public final class RewardException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public RewardException(String message) {
        super(message);
    }
}
