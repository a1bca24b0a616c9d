package dev.troupe.deploy.run;

import com.typesafe.config.Config;
import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.ClusterSettings;
import dev.troupe.data.DataSettings;
import dev.troupe.data.rewards.RuleRewards;
import dev.troupe.data.sources.Prompt;
import dev.troupe.data.sources.Sources;
import dev.troupe.deploy.eval.PromptTokens;
import dev.troupe.deploy.report.RunFolder;
import dev.troupe.deploy.settings.MemoryEstimate;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.model.ModelException;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelSettings;
import dev.troupe.model.Tokenizer;
import dev.troupe.model.WholeModel;
import dev.troupe.reward.RewardSettings;
import dev.troupe.rollout.RolloutSettings;
import dev.troupe.train.TrainSettings;
import dev.troupe.train.algorithm.Distillation;
import dev.troupe.train.checkpoint.Checkpoint;
import dev.troupe.train.checkpoint.CheckpointStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at everything a run's settings name before its folder is made: memory, models, prompts, word list, rule and
 * port; and at what a resumed run goes on from before anything is started. What is wrong is told then, and leaves
 * nothing behind.
 */
final class Preflight {
    private static final Logger LOG = LoggerFactory.getLogger(Preflight.class);

    private Preflight() {}

    /**
     * Throws the error of whoever reads the thing that is wrong.
     *
     * @param apart whether each role gets a process of its own
     */
    static void check(Config config, boolean apart) {
        requireSamples(config);
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
        requireTrainable(config, policy);
        DataSettings data = DataSettings.from(config);
        RuleRewards.sentiment(data);
        models.rewards();
        RunReward.check(RewardSettings.from(config), data, config.getLong("seed"));
        try (Tokenizer tokenizer =
                PromptTokens.tokenizer(policy, ModelSettings.from(config).chat())) {
            if (asked != null && asked.lmbda() < 1 && !asked.sequences()) {
                Sources.completions(data, config.getLong("seed"));
            }
            Learning.prompts(config, tokenizer, RolloutSettings.from(config).contextOf(policy.config()));
            evaluation(config, data, tokenizer, policy.config().maxPositions());
        }
        ClusterNode.requireFree(ClusterSettings.from(config));
    }

    /** What an online algorithm learns from is the difference between samples; greedy decoding has none. */
    static void requireSamples(Config config) {
        if (RolloutSettings.from(config).sampling().temperature() == 0) {
            throw new SettingsException(
                    "temperature = 0: " + config.getString("algorithm") + " needs samples; expected above 0");
        }
    }

    /**
     * The checkpoint that a run goes on from, size and SHA-256 of every file verified.
     *
     * @throws SettingsException when a learner is at work in the folder, or has never finished a checkpoint there
     */
    static Checkpoint checkpoint(RunFolder folder, Config config) {
        // A learner at work adds and removes checkpoints: what is wrong then is not that one is missing.
        RunLock.requireFree(folder.path());
        return new CheckpointStore(
                        folder.checkpoints(), TrainSettings.from(config).checkpointKeep())
                .latest()
                .map(CheckpointStore::open)
                .orElseThrow(() -> new SettingsException("run " + folder.path()
                        + " has no finished checkpoint to resume from; start it anew under another --name"));
    }

    private static void requireTrainable(Config config, ModelFolder policy) {
        ModelSettings asked = ModelSettings.from(config);
        RunModels.requireLanguageModel(config, "model.policy", policy);
        try {
            if (asked.mode() == ModelSettings.Mode.FULL) {
                WholeModel.requireTravels(policy.config());
            } else {
                asked.adapter().requireFits(policy.config());
            }
        } catch (ModelException e) {
            throw new SettingsException(String.valueOf(e.getMessage()));
        }
    }

    private static void evaluation(Config config, DataSettings data, Tokenizer tokenizer, int context) {
        int room = Learning.room(config, context);
        boolean chat = false;
        for (Prompt prompt : Sources.evaluation(data)) {
            chat |= prompt.isDialogue();
            int n = PromptTokens.of(prompt, tokenizer).length;
            if (n == 0 || n > room) {
                throw new SettingsException(
                        prompt.where("eval.prompts = " + data.evalPrompts()) + ": the prompt has " + n
                                + " tokens; expected 1 to " + room + ", which with max_new_tokens makes the " + context
                                + " of the model: \"" + Learning.begin(prompt.text()) + "\"");
            }
        }
        if (chat && !tokenizer.templateEndsAnswers()) {
            LOG.warn(
                    "the chat template of {} does not end an answer with the end token: the policy may never have learned"
                            + " to stop, and its completions run to max_new_tokens",
                    config.getString("model.policy"));
        }
    }
}
