package dev.troupe.deploy.run;

import com.typesafe.config.Config;
import dev.troupe.deploy.report.RunFolder;
import dev.troupe.deploy.report.Summary;
import java.util.function.IntSupplier;

/** Leaves word of a run that fails where scripts look for how it ended. */
final class FailedRun {
    private FailedRun() {}

    /**
     * Runs it; when it throws, {@code summary.json} says failed and why, and the error goes on to the caller. Whoever
     * calls has the folder to itself: another learner's summary would be overwritten.
     */
    static int noted(RunFolder folder, Config config, IntSupplier run) {
        long startNanos = System.nanoTime();
        try {
            return run.getAsInt();
        } catch (RuntimeException | Error e) {
            try {
                String error = e.getMessage() == null ? e.toString() : e.getMessage();
                double seconds = (System.nanoTime() - startNanos) / 1e9;
                Summary.failed(config.getString("algorithm"), seconds, error).write(folder);
            } catch (RuntimeException unwritten) {
                // A full disk fails both; whoever reads needs the first reason.
                e.addSuppressed(unwritten);
            }
            throw e;
        }
    }
}
