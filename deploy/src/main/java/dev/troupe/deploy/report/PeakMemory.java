package dev.troupe.deploy.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The largest resident memory of this process so far. */
public final class PeakMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private PeakMemory() {}

    /** Bytes, or null where the system does not tell. */
    public static @Nullable Long bytes() {
        return field("VmHWM:");
    }

    /** Resident now, in bytes, or null where the system does not tell. */
    public static @Nullable Long residentBytes() {
        return field("VmRSS:");
    }

    private static @Nullable Long field(String name) {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(name)) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
                }
            }
            return null;
        } catch (IOException e) {
            return null;
        }
    }
}
