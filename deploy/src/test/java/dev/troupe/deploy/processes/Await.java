package dev.troupe.deploy.processes;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for states that other processes bring about: files, exits, lines of output. */
final class Await {
    /** Far more than anything here takes, for machines that are busy with other things. */
    static final Duration LONG = Duration.ofMinutes(4);

    /** Most looks read whole files again, which takes time from the processes waited for. */
    private static final long LOOK_NANOS = 20_000_000;

    private static final long CLOSE_LOOK_NANOS = 2_000_000;

    private Await() {}

    /** Looks again and again until the state is there; after the time {@code report} tells what there is instead. */
    static void until(String what, Supplier<String> report, BooleanSupplier state) {
        if (!within(LONG, LOOK_NANOS, state)) {
            throw new AssertionError("waited " + LONG.toSeconds() + " s for " + what + "\n" + report.get());
        }
    }

    /** Whether the state comes within the time; a state that passes quickly is seen. */
    static boolean within(Duration time, BooleanSupplier state) {
        return within(time, CLOSE_LOOK_NANOS, state);
    }

    private static boolean within(Duration time, long lookNanos, BooleanSupplier state) {
        long end = System.nanoTime() + time.toNanos();
        while (!state.getAsBoolean()) {
            if (System.nanoTime() - end >= 0) {
                return false;
            }
            LockSupport.parkNanos(lookNanos);
        }
        return true;
    }
}
