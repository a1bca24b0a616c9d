package dev.troupe.learner.experience;

/** A trajectory with all its scores: ready to be trained. */
public record ScoredTrajectory(HeldTrajectory trajectory, Scores scores) {}
