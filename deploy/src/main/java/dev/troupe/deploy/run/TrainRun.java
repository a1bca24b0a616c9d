package dev.troupe.deploy.run;

/** Trains in this process (or, when asked, over several). */
public final class TrainRun {
    private TrainRun() {}

    /** Runs until done, failed or interrupted; the exit code. */
    public static int run(RunRequest request) {
        throw new UnsupportedOperationException("not wired yet: " + request);
    }
}
