package dev.troupe.deploy.run;

/** Each role of a run in a process of its own on this machine. */
public final class LocalLaunch {
    private LocalLaunch() {}

    /** Runs until done, failed or interrupted; the exit code. */
    public static int run(RunRequest request) {
        throw new UnsupportedOperationException("not wired yet: " + request);
    }
}
