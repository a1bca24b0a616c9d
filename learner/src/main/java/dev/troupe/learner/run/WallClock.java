package dev.troupe.learner.run;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** The clock that stamps tokens, passes and versions. */
public final class WallClock {
    /** Microseconds since the epoch. */
    public static long micros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    private WallClock() {}
}
