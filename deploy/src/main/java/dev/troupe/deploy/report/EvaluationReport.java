package dev.troupe.deploy.report;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a policy wrote for the evaluation's prompts, measured.
 *
 * @param rewards scores of the reward that trained, or null without one
 * @param parts means of what the reward comes from, by name and before weights, where that is several scores
 * @param gold mean of the sentiment rule
 * @param kl mean over the completions of the summed log-ratio to the reference, nats
 * @param teacherKl the same to the teacher of a distillation, or null without one
 * @param length mean tokens of a completion
 * @param distinct share of different completions, 0 to 1
 * @param grammar share that the stories grammar accepts, or null where it does not apply
 * @param prompts the prompts
 * @param completions those of each prompt
 */
public record EvaluationReport(
        @Nullable ClusteredMean rewards,
        Map<String, Double> parts,
        double gold,
        double kl,
        @Nullable Double teacherKl,
        double length,
        double distinct,
        @Nullable Double grammar,
        List<String> prompts,
        List<List<String>> completions) {

    /** Mean score of the reward, or null without one. */
    public @Nullable Double reward() {
        return rewards == null ? null : rewards.mean();
    }
}
