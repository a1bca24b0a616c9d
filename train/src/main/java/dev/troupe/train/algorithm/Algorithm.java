package dev.troupe.train.algorithm;

import java.util.List;

/**
 * An online algorithm: pure functions from a batch's numbers to what it aims at and to a loss. Everything else (actors,
 * staleness, mini-batches, epochs, gradients, the corrections for stale samples) is the same for all.
 */
public interface Algorithm {
    /** As {@code algorithm} in the settings names it. */
    String name();

    /** What a trajectory must bring, and which trajectories belong together. */
    Needs needs();

    /** Coefficient of the KL to the reference at the start of a run, in the reward or in the loss; 0 is off. */
    double klCoef();

    /**
     * Numbers that stay the same over all passes over a batch.
     *
     * @param batch trajectories in ascending order of id, so that those of a prompt stand side by side
     * @param klCoef coefficient of the KL as it is now
     */
    Targets targets(List<Experience> batch, double klCoef);

    /** The loss of some rows, of which autograd makes the gradient. */
    Loss loss();
}
