package dev.troupe.train;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.train.algorithm.Algorithm;
import dev.troupe.train.algorithm.Algorithms;
import dev.troupe.train.algorithm.KlControl;
import dev.troupe.train.algorithm.OffPolicy;
import dev.troupe.train.optim.AdamSettings;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.update.UpdateSettings;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Settings of training; {@code troupe/train.conf} documents every key with its default.
 *
 * @param algorithm one of {@link Algorithms}, sft or reward
 * @param prompts {@code batch.prompts}; offline: rows or pairs a step
 * @param generations {@code num_generations}
 * @param dynamicSampling {@code dynamic_sampling}
 * @param valueModel {@code model.value}, null for the reward model
 */
public record TrainSettings(
        String algorithm,
        long steps,
        long seed,
        int prompts,
        int generations,
        boolean dynamicSampling,
        double learningRate,
        double valueLearningRate,
        AdamSettings adam,
        double maxGradNorm,
        double warmupRatio,
        Schedule.Kind schedule,
        int checkpointEvery,
        int checkpointKeep,
        int threads,
        int microBatch,
        int maxLength,
        boolean trainOnInputs,
        double centerRewards,
        @Nullable String valueModel) {

    private static final Set<String> OFFLINE = Set.of("sft", "reward");

    /** Checks each value; the error names the key. */
    public TrainSettings {
        if (!Algorithms.names().contains(algorithm) && !OFFLINE.contains(algorithm)) {
            throw new IllegalArgumentException("algorithm = " + algorithm + ": expected "
                    + String.join(", ", Algorithms.names()) + ", sft or reward");
        }
        if (dynamicSampling && OFFLINE.contains(algorithm)) {
            throw new IllegalArgumentException(
                    "dynamic_sampling = true: " + algorithm + " is offline and samples nothing; expected false");
        }
        atLeast("steps", steps, 1);
        atLeast("batch.prompts", prompts, 1);
        atLeast("num_generations", generations, 1);
        atLeast("checkpoint.every", checkpointEvery, 0);
        atLeast("checkpoint.keep", checkpointKeep, 1);
        atLeast("learner.threads", threads, 1);
        atLeast("micro_batch", microBatch, 1);
        atLeast("offline.max_length", maxLength, 2);
        rate("learning_rate", learningRate);
        rate("value_learning_rate", valueLearningRate);
        rate("max_grad_norm", maxGradNorm);
        rate("center_rewards_coefficient", centerRewards);
        if (!(warmupRatio >= 0 && warmupRatio <= 1)) {
            throw new IllegalArgumentException("warmup_ratio = " + warmupRatio + ": expected 0 to 1");
        }
    }

    /**
     * Whether policy and value model take turns on one thread while they train: where the two would want more cores
     * than this machine has. Then the activations of one of them are held at a time.
     */
    public boolean inTurns() {
        return 2 * threads > Runtime.getRuntime().availableProcessors();
    }

    /** Reads the settings; a key that is absent has the default of {@code troupe/train.conf}. */
    public static TrainSettings from(Config config) {
        Config c = withDefaults(config);
        return new TrainSettings(
                c.getString("algorithm"),
                c.getLong("steps"),
                c.getLong("seed"),
                c.getInt("batch.prompts"),
                c.getInt("num_generations"),
                c.getBoolean("dynamic_sampling"),
                c.getDouble("learning_rate"),
                c.getIsNull("value_learning_rate") ? c.getDouble("learning_rate") : c.getDouble("value_learning_rate"),
                new AdamSettings(
                        c.getDouble("adam.beta1"),
                        c.getDouble("adam.beta2"),
                        c.getDouble("adam.eps"),
                        c.getDouble("adam.weight_decay"),
                        false),
                c.getDouble("max_grad_norm"),
                c.getDouble("warmup_ratio"),
                Schedule.Kind.of(c.getString("lr_scheduler_type")),
                c.getInt("checkpoint.every"),
                c.getInt("checkpoint.keep"),
                c.getInt("learner.threads"),
                c.getInt("micro_batch"),
                c.getInt("offline.max_length"),
                c.getBoolean("train_on_inputs"),
                c.getDouble("center_rewards_coefficient"),
                c.getIsNull("model.value") ? null : c.getString("model.value"));
    }

    /**
     * How a batch becomes optimizer steps.
     *
     * @param temperature of the sampling
     */
    public static UpdateSettings update(Config config, double temperature) {
        Config c = withDefaults(config);
        return new UpdateSettings(
                c.getInt(c.getString("algorithm").equals("ppo") ? "num_ppo_epochs" : "num_iterations"),
                c.getInt("num_mini_batches"),
                c.getInt("micro_batch"),
                c.getDouble("cliprange_value"),
                c.getDouble("vf_coef"),
                c.getDouble("max_grad_norm"),
                temperature,
                c.getIsNull("early_stop_kl") ? Double.POSITIVE_INFINITY : c.getDouble("early_stop_kl"),
                c.getLong("seed"));
    }

    /** Whether a run goes through the actors. */
    public boolean online() {
        return !OFFLINE.contains(algorithm);
    }

    /**
     * The online algorithm.
     *
     * @param maxNewTokens of the rollouts
     * @param rewardWeights of several rewards by name, empty if there is one
     */
    public static Algorithm algorithm(Config config, int maxNewTokens, Map<String, Double> rewardWeights) {
        return Algorithms.of(withDefaults(config), maxNewTokens, rewardWeights);
    }

    /** The correction for stale samples. */
    public static OffPolicy offPolicy(Config config) {
        return Algorithms.offPolicy(withDefaults(config));
    }

    /** The control of the KL's coefficient. */
    public static KlControl kl(Config config, Algorithm algorithm) {
        return Algorithms.kl(withDefaults(config), algorithm);
    }

    /** Trajectories a step: B. */
    public int batch() {
        return prompts * generations;
    }

    private static Config withDefaults(Config config) {
        String algorithm = config.hasPath("algorithm") ? config.getString("algorithm") : "";
        return config.withFallback(Algorithms.preset(algorithm))
                .withFallback(ConfigFactory.parseResources(TrainSettings.class.getClassLoader(), "troupe/train.conf"))
                .resolve();
    }

    private static void atLeast(String key, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(key + " = " + value + ": expected at least " + least);
        }
    }

    private static void rate(String key, double value) {
        if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(key + " = " + value + ": expected at least 0");
        }
    }
}
