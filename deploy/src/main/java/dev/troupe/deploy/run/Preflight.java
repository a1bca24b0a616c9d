package dev.troupe.deploy.run;

import com.typesafe.config.Config;
import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.ClusterSettings;
import dev.troupe.data.DataSettings;
import dev.troupe.data.rewards.RuleRewards;
import dev.troupe.data.sources.Prompt;
import dev.troupe.data.sources.Sources;
import dev.troupe.deploy.eval.PromptTokens;
import dev.troupe.deploy.settings.MemoryEstimate;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.learner.algorithm.Distillation;
import dev.troupe.model.ModelException;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelSettings;
import dev.troupe.model.Tokenizer;
import dev.troupe.reward.RewardSettings;
import dev.troupe.rollout.RolloutSettings;

/**
 * Looks at everything a run's settings name before its folder is made: memory, models, prompts, word list, rule and
 * port. What is wrong is told then, and leaves nothing behind.
 */
final class Preflight {
    private Preflight() {}

    /**
     * Throws the error of whoever reads the thing that is wrong.
     *
     * @param apart whether each role gets a process of its own
     */
    static void check(Config config, boolean apart) {
        MemoryEstimate estimate = MemoryEstimate.of(config);
        estimate.requireRoom(apart ? estimate.processes() : 1);
        RunModels models = new RunModels(config);
        ModelFolder policy = models.policy();
        models.reference();
        models.value();
        Distillation asked = Learning.needs(config).teacher();
        if (asked != null) {
            models.teacher();
        }
        ModelSettings adapted = ModelSettings.from(config);
        if (adapted.mode() != ModelSettings.Mode.FULL) {
            requireFits(adapted, policy);
        }
        DataSettings data = DataSettings.from(config);
        RuleRewards.sentiment(data);
        models.rewards();
        RunReward.check(RewardSettings.from(config), data, config.getLong("seed"));
        try (Tokenizer tokenizer = policy.tokenizer()) {
            if (asked != null && asked.lmbda() < 1 && !asked.sequences()) {
                Sources.completions(data, config.getLong("seed"));
            }
            Learning.prompts(config, tokenizer, RolloutSettings.from(config).contextOf(policy.config()));
            evaluation(config, data, tokenizer, policy.config().maxPositions());
        }
        ClusterNode.requireFree(ClusterSettings.from(config));
    }

    private static void requireFits(ModelSettings adapted, ModelFolder policy) {
        try {
            adapted.adapter().requireFits(policy.config());
        } catch (ModelException e) {
            throw new SettingsException(String.valueOf(e.getMessage()));
        }
    }

    private static void evaluation(Config config, DataSettings data, Tokenizer tokenizer, int context) {
        int room = context - config.getInt("max_new_tokens");
        for (Prompt prompt : Sources.evaluation(data)) {
            int n = PromptTokens.of(prompt, tokenizer).length;
            if (n > room) {
                throw new SettingsException("eval.prompts = " + data.evalPrompts() + ", prompt " + (prompt.draw() + 1)
                        + " has " + n + " tokens; expected at most " + room + ", which with max_new_tokens makes the "
                        + context + " of the model: \"" + Learning.begin(prompt.text()) + "\"");
            }
        }
    }
}
