package dev.troupe.deploy.run;

/** Trains on a data set, without actors: language modelling and reward models. */
final class OfflineRun {
    private OfflineRun() {}

    /** Runs until done, failed or interrupted; the exit code. */
    static int run(RunRequest request) {
        throw new UnsupportedOperationException("not wired yet: " + request);
    }
}
