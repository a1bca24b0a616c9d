package dev.troupe.deploy.doctor;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;

/** Looks at the machine, one check a line. A check that fails or throws does not stop the others. */
public final class Doctor {
    private final Map<String, Callable<Finding>> checks;

    /** All checks. */
    public Doctor() {
        this(all());
    }

    Doctor(Map<String, Callable<Finding>> checks) {
        this.checks = checks;
    }

    private static Map<String, Callable<Finding>> all() {
        Map<String, Callable<Finding>> checks = new LinkedHashMap<>();
        checks.put("java", JvmChecks::java);
        checks.put("add-opens", JvmChecks::opens);
        checks.put("offline", JvmChecks::offline);
        checks.put("malloc", JvmChecks::malloc);
        checks.put("libtorch", NativeChecks::libtorch);
        checks.put("tokenizers", NativeChecks::tokenizers);
        checks.put("aeron", NativeChecks::aeron);
        checks.put("device", NativeChecks::device);
        checks.put("memory", MachineChecks::memory);
        checks.put("shared memory", MachineChecks::sharedMemory);
        checks.put("disk", MachineChecks::disk);
        checks.put("loopback", MachineChecks::loopback);
        checks.put("clock", MachineChecks::clock);
        return checks;
    }

    /** Runs the checks and prints each; whether all are well. */
    public boolean examine(PrintWriter out) {
        boolean well = true;
        for (Map.Entry<String, Callable<Finding>> check : checks.entrySet()) {
            Finding finding = run(check.getValue());
            well &= finding.isOk();
            out.printf(Locale.ROOT, "%-4s %-14s %s%n", finding.isOk() ? "ok" : "BAD", check.getKey(), finding.detail());
            if (!finding.isOk()) {
                out.printf(Locale.ROOT, "%-4s %-14s -> %s%n", "", "", finding.advice());
            }
            out.flush();
        }
        return well;
    }

    /** Natives fail with errors, not exceptions; both are findings here. */
    private static Finding run(Callable<Finding> check) {
        try {
            return check.call();
        } catch (Exception | LinkageError e) {
            return Finding.bad("failed: " + e, "see the message; TROUPE_JAVA_OPTS=-Dtroupe.log.level=DEBUG shows more");
        }
    }
}
