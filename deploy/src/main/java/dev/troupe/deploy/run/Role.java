package dev.troupe.deploy.run;

import java.util.concurrent.CompletableFuture;

/**
 * A role at work in this process.
 *
 * @param name of its node
 * @param ended completes when the role is over, with the reason
 * @param drain asks it to finish what it holds and to leave
 * @param resources freed after it has ended
 */
record Role(String name, CompletableFuture<String> ended, Runnable drain, AutoCloseable resources)
        implements AutoCloseable {

    @Override
    public void close() {
        try {
            resources.close();
        } catch (Exception e) {
            throw new IllegalStateException("role " + name + " did not close: " + e.getMessage(), e);
        }
    }
}
