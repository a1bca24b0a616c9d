package dev.troupe.deploy.run;

/** One role of a run in this process. */
public final class NodeRun {
    private NodeRun() {}

    /** Runs until done, failed or interrupted; the exit code. */
    public static int run(NodeRequest request) {
        throw new UnsupportedOperationException("not wired yet: " + request);
    }
}
