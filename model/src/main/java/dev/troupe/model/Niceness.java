package dev.troupe.model;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets threads stand back where there is more to do than cores. On Linux each thread has a niceness of its own, and
 * anyone may raise it; elsewhere, and where the C library cannot be called, nothing happens.
 */
final class Niceness {
    /** One step back: beside a thread that has not made it this one gets a quarter of a core. */
    static final int STEP = 5;

    /** Those that compile Java, by what the JVM calls them, of which the system keeps 15 letters. */
    private static final String COMPILERS = "C[12] CompilerThre.*";

    private static final int NICEST = 19;
    private static final int A_THREAD = 0;
    private static final Logger LOG = LoggerFactory.getLogger(Niceness.class);

    private Niceness() {}

    /** Lets the calling thread, and the threads that it will start, stand this many steps back. */
    static void raise(int steps) {
        quietly(() -> raise(0, steps));
    }

    /**
     * Lets the threads that compile Java stand two steps back, one behind those of tensors. A run's first minutes keep
     * them busy, and it spends little of its time in what they make: beside tensors they would take a quarter of two
     * cores.
     */
    static void raiseCompilers() {
        quietly(() -> {
            try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/self/task"))) {
                for (Path thread : threads) {
                    if (isCompiler(thread)) {
                        raise(Integer.parseInt(thread.getFileName().toString()), 2);
                    }
                }
            }
        });
    }

    private static boolean isCompiler(Path thread) {
        try {
            return Files.readString(thread.resolve("comm")).strip().matches(COMPILERS);
        } catch (IOException ended) {
            return false;
        }
    }

    private static void raise(int thread, int steps) {
        // Counted from the process's first thread: this one may have begun as far back as the thread that started it.
        int first = priority(Math.toIntExact(ProcessHandle.current().pid()));
        int asked = Math.max(priority(thread), Math.min(NICEST, first + steps * STEP));
        function("setpriority").invokeInt(new Object[] {A_THREAD, thread, asked});
    }

    private static int priority(int thread) {
        return function("getpriority").invokeInt(new Object[] {A_THREAD, thread});
    }

    private static Function function(String name) {
        return NativeLibrary.getProcess().getFunction(name);
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private static void quietly(Attempt attempt) {
        if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux")) {
            return;
        }
        try {
            attempt.run();
        } catch (IOException | RuntimeException | Error e) {
            LOG.debug("threads keep their niceness", e);
        }
    }
}
