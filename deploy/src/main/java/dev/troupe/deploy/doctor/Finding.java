package dev.troupe.deploy.doctor;

import org.jspecify.annotations.Nullable;

/**
 * What a check found.
 *
 * @param detail what was seen
 * @param advice what to do, or null when all is well
 */
public record Finding(String detail, @Nullable String advice) {
    /** All is well. */
    static Finding ok(String detail) {
        return new Finding(detail, null);
    }

    /** Something is to be done. */
    static Finding bad(String detail, String advice) {
        return new Finding(detail, advice);
    }

    /** Whether all is well. */
    public boolean isOk() {
        return advice == null;
    }
}
