package dev.troupe.deploy.eval;

import com.typesafe.config.Config;
import dev.troupe.data.DataSettings;
import dev.troupe.data.sources.Prompt;
import dev.troupe.data.sources.Sources;
import dev.troupe.model.SamplingConfig;
import dev.troupe.rollout.RolloutSettings;
import java.util.List;

/**
 * What is drawn for an evaluation.
 *
 * @param samples completions of each prompt
 * @param seed of the sampling noise, the same before and after training
 * @param stop strings at which a completion ends, as in training
 * @param slots rows side by side
 * @param grammar whether the stories grammar has a say
 */
public record EvaluationPlan(
        List<Prompt> prompts,
        int samples,
        int maxNewTokens,
        long seed,
        SamplingConfig sampling,
        List<String> stop,
        int slots,
        boolean grammar) {
    private static final int SLOTS = 64;

    /** The plan of a run's settings: at temperature 1 whatever the run samples with. */
    public static EvaluationPlan from(Config config) {
        DataSettings data = DataSettings.from(config);
        boolean suppress = config.getBoolean("suppress_first_eos");
        return new EvaluationPlan(
                Sources.evaluation(data),
                data.evalSamples(),
                config.getInt("max_new_tokens"),
                data.evalSeed(),
                new SamplingConfig(1.0, 0, 1.0, 0.0, 1.0, suppress),
                RolloutSettings.from(config).stop(),
                SLOTS,
                data.evalPrompts().equals(Sources.STORIES));
    }
}
