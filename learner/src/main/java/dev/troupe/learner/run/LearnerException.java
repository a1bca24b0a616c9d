package dev.troupe.learner.run;

/** A run that cannot go on, with the reason in words. */
public final class LearnerException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** An error without a cause below it. */
    public LearnerException(String message) {
        super(message);
    }
}
