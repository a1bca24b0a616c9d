package dev.troupe.learner.run;

import dev.troupe.learner.experience.ScoredTrajectory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An online algorithm at work: what the learner actor needs of one, so that adding an algorithm touches no actor. Its
 * methods block and are called from one thread, one after another.
 */
public interface Training extends AutoCloseable {

    /**
     * What a batch did.
     *
     * @param metrics by the names of the metrics glossary
     * @param passFromMicros begin of the pass: the first micro-batch's forward, wall clock in microseconds since the
     * epoch
     * @param passToMicros end of the pass: the last optimizer step's end
     * @param skipped why the update was skipped and weights and optimizer are as before; empty when it was not
     */
    record Outcome(Map<String, Double> metrics, long passFromMicros, long passToMicros, Optional<String> skipped) {}

    /** Trains on one batch, in place. */
    Outcome train(long step, List<ScoredTrajectory> batch);

    /** What travels to the other actors under this version, a copy. */
    PolicyWeights weights();

    /**
     * Writes weights, optimizer and random state as a checkpoint.
     *
     * @param step the checkpoint's number: steps trained so far
     * @param documents JSON documents of the caller by file name (the ledger), kept beside them
     * @return the checkpoint's folder
     */
    Path checkpoint(long step, Map<String, String> documents);

    @Override
    void close();
}
