package dev.troupe.learner.run;

/** Hears what the learner did. Called from the learner's thread; an exception ends the run. */
public interface RunObserver {
    /** A step is done and its version published. */
    void onStep(StepReport report);
}
