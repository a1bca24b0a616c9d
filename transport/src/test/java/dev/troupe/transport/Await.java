package dev.troupe.transport;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for a state, with a generous deadline; says what it waited for when it does not come. */
final class Await {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private Await() {}

    static void until(String what, BooleanSupplier state) {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (!state.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("after " + DEADLINE + " still waiting for: " + what);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }
}
