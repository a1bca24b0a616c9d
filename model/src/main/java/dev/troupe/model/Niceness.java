package dev.troupe.model;

import com.sun.jna.NativeLibrary;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a thread stand back where there is more to do than cores. On Linux each thread has a niceness of its own, and
 * anyone may raise it; elsewhere, and where the C library cannot be called, nothing happens.
 */
final class Niceness {
    /** Added to what it was: beside a plain thread this one gets a quarter of a core. */
    static final int STEPS = 5;

    private static final Logger LOG = LoggerFactory.getLogger(Niceness.class);

    private Niceness() {}

    /** Raises that of the calling thread and of the threads that it will start. */
    static void raise() {
        if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux")) {
            return;
        }
        try {
            NativeLibrary.getProcess().getFunction("nice").invokeInt(new Object[] {STEPS});
        } catch (RuntimeException | Error e) {
            LOG.debug("threads keep their niceness", e);
        }
    }
}
