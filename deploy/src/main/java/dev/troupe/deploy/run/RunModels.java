package dev.troupe.deploy.run;

import com.typesafe.config.Config;
import dev.troupe.deploy.settings.Models;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.model.ModelException;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelInit;
import dev.troupe.model.ModelSettings;
import dev.troupe.model.Tokenizer;
import dev.troupe.reward.RewardPart;
import dev.troupe.reward.RewardSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds and opens the model folders that a run's settings name, and checks that they fit each other. */
final class RunModels {
    private final Config config;
    private final Set<String> ignoredKeys;
    private @Nullable ModelFolder policy;

    RunModels(Config config) {
        this.config = config;
        this.ignoredKeys = ModelSettings.from(config).ignoredKeys();
    }

    /** {@code model.policy}; opened once, for a quantised GGUF file is widened when it is. */
    synchronized ModelFolder policy() {
        ModelFolder opened = policy;
        if (opened == null) {
            opened = ModelFolder.open(Models.of(config, "model.policy"), ignoredKeys);
            if (ModelSettings.from(config).mode() == ModelSettings.Mode.FULL) {
                requireFolder(opened);
            }
            policy = opened;
        }
        return opened;
    }

    /** What is trained whole is written as a Hugging Face folder, which not every GGUF file's model fits. */
    private static void requireFolder(ModelFolder model) {
        try {
            model.config().toJson();
        } catch (ModelException e) {
            throw new SettingsException(model.path() + ": " + e.getMessage() + ", or adapter.mode = lora", e);
        }
    }

    /** {@code model.reference}, or the policy's start. */
    ModelFolder reference() {
        if (config.getIsNull("model.reference")) {
            return policy();
        }
        ModelFolder reference = checked("model.reference", Models.of(config, "model.reference"));
        requireLanguageModel(config, "model.reference", reference);
        return reference;
    }

    /** {@code model.teacher}: of the policy's vocabulary, for its distributions are compared with the policy's. */
    ModelFolder teacher() {
        if (config.getIsNull("model.teacher")) {
            throw new SettingsException("model.teacher = null: algorithm = " + config.getString("algorithm")
                    + " learns from a teacher; expected a model with the policy's tokenizer");
        }
        ModelFolder teacher = checked("model.teacher", Models.of(config, "model.teacher"));
        int theirs = teacher.config().vocabulary();
        int ours = policy().config().vocabulary();
        if (theirs != ours) {
            throw new SettingsException("model.teacher = " + config.getString("model.teacher") + " has an embedding of "
                    + theirs + " tokens and model.policy = " + config.getString("model.policy") + " one of " + ours
                    + ": expected as many, for their distributions are compared token by token");
        }
        requireLanguageModel(config, "model.teacher", teacher);
        return teacher;
    }

    /** A reward model has no distribution over tokens. */
    static void requireLanguageModel(Config config, String key, ModelFolder model) {
        if (model.config().scoreHead()) {
            throw new SettingsException(
                    key + " = " + config.getString(key) + " has a score head: expected a language model");
        }
    }

    /** The model of a part of the reward. */
    ModelFolder reward(RewardPart part) {
        ModelFolder model = checked(part.key(), rewardPath(part));
        if (!model.config().scoreHead()) {
            throw new SettingsException(part.key() + " = " + part.what()
                    + " has no score head: expected a reward model, as algorithm = reward trains one");
        }
        return model;
    }

    /** Where the model of a part of the reward is. */
    Path rewardPath(RewardPart part) {
        return Models.folder(part.key(), part.what(), "reward");
    }

    /** The models that reward: none when rules or services do. */
    List<ModelFolder> rewards() {
        return RewardSettings.from(config).models().stream().map(this::reward).toList();
    }

    /**
     * What the value model starts from: {@code model.value}, or the first reward model, or the policy. A folder without
     * a score head gets one that answers 0.
     */
    ModelFolder value() {
        ModelFolder start = valueStart();
        return start.config().scoreHead()
                ? start
                : new ModelFolder(
                        start.path(),
                        start.config().withScoreHead(true),
                        ModelInit.withScoreHead(start.config(), start.weights()));
    }

    /** As {@link #value}, as it stands in its folder. */
    ModelFolder valueStart() {
        if (!config.getIsNull("model.value")) {
            return checked("model.value", Models.of(config, "model.value"));
        }
        List<ModelFolder> rewards = rewards();
        return rewards.isEmpty() ? policy() : rewards.get(0);
    }

    /** Token ids mean the same to every model of a run: a tokenizer that differs is refused. */
    private ModelFolder checked(String key, Path folder) {
        ModelFolder model = ModelFolder.open(folder, ignoredKeys);
        try (Tokenizer theirs = model.tokenizer();
                Tokenizer ours = policy().tokenizer()) {
            if (!theirs.sameTokens(ours)) {
                throw new SettingsException("the tokenizer of " + key + " = " + folder
                        + " differs from that of model.policy = " + config.getString("model.policy")
                        + ": expected the same tokens under the same ids, for ids travel between them");
            }
        }
        return model;
    }
}
