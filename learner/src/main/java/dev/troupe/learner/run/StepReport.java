package dev.troupe.learner.run;

import dev.troupe.learner.experience.ScoredTrajectory;
import java.util.List;
import java.util.Map;

/**
 * One step, for whoever watches the run.
 *
 * @param step from 1; equal to the policy version it made
 * @param metrics one line of metrics.jsonl, by the names of the metrics glossary
 * @param batch what was trained
 */
public record StepReport(long step, Map<String, Object> metrics, List<ScoredTrajectory> batch) {}
