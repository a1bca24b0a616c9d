package dev.troupe.reward;

import dev.troupe.transport.ScoringStation;

/** Scores completions until it is closed: a model, a rule, a remote service, or several of these. */
public interface RewardScorer extends ScoringStation.Scorer, AutoCloseable {
    /** Frees the model, or gives up what is still under way. */
    @Override
    void close();
}
