package dev.troupe.learner;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.learner.loss.KlEstimator;
import dev.troupe.learner.optim.AdamSettings;
import dev.troupe.learner.optim.Schedule;
import dev.troupe.learner.ppo.PpoSettings;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the learner; {@code troupe/learner.conf} documents every key with its default.
 *
 * @param algorithm ppo, sft or reward
 * @param prompts {@code batch.prompts}; offline: rows or pairs a step
 * @param generations {@code num_generations}
 * @param eta {@code staleness.max}
 * @param valueModel {@code model.value}, null for the reward model
 */
public record LearnerSettings(
        String algorithm,
        long steps,
        long seed,
        int prompts,
        int generations,
        int eta,
        double learningRate,
        double valueLearningRate,
        AdamSettings adam,
        double maxGradNorm,
        double warmupRatio,
        Schedule.Kind schedule,
        int checkpointEvery,
        int checkpointKeep,
        int samplesEvery,
        int parityRows,
        int scoringBatch,
        Duration scoringDeadline,
        int threads,
        Duration waitDeadline,
        int microBatch,
        int maxLength,
        double centerRewards,
        @Nullable String valueModel) {

    /** Checks each value; the error names the key. */
    public LearnerSettings {
        if (!algorithm.equals("ppo") && !algorithm.equals("sft") && !algorithm.equals("reward")) {
            throw new IllegalArgumentException("algorithm = " + algorithm + ": expected ppo, sft or reward");
        }
        atLeast("steps", steps, 1);
        atLeast("batch.prompts", prompts, 1);
        atLeast("num_generations", generations, 1);
        atLeast("staleness.max", eta, 0);
        atLeast("checkpoint.every", checkpointEvery, 0);
        atLeast("checkpoint.keep", checkpointKeep, 1);
        atLeast("samples.every", samplesEvery, 0);
        atLeast("parity.rows", parityRows, 0);
        atLeast("scoring.batch", scoringBatch, 1);
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
        positive("scoring.deadline", scoringDeadline);
        positive("learner.wait_deadline", waitDeadline);
    }

    /** Reads the settings; a key that is absent has the default of {@code troupe/learner.conf}. */
    public static LearnerSettings from(Config config) {
        Config c = withDefaults(config);
        return new LearnerSettings(
                c.getString("algorithm"),
                c.getLong("steps"),
                c.getLong("seed"),
                c.getInt("batch.prompts"),
                c.getInt("num_generations"),
                c.getInt("staleness.max"),
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
                c.getInt("samples.every"),
                c.getInt("parity.rows"),
                c.getInt("scoring.batch"),
                c.getDuration("scoring.deadline"),
                c.getInt("learner.threads"),
                c.getDuration("learner.wait_deadline"),
                c.getInt("micro_batch"),
                c.getInt("offline.max_length"),
                c.getDouble("center_rewards_coefficient"),
                c.getIsNull("model.value") ? null : c.getString("model.value"));
    }

    /**
     * PPO's own numbers.
     *
     * @param temperature of the sampling
     * @param maxNewTokens a completion shorter than this has a state after its last token
     */
    public static PpoSettings ppo(Config config, double temperature, int maxNewTokens) {
        Config c = withDefaults(config);
        return new PpoSettings(
                c.getInt("num_ppo_epochs"),
                c.getInt("num_mini_batches"),
                c.getInt("micro_batch"),
                c.getDouble("kl_coef"),
                KlEstimator.of(c.getString("kl_estimator")),
                c.getDouble("cliprange"),
                c.getDouble("cliprange_value"),
                c.getDouble("vf_coef"),
                c.getDouble("gamma"),
                c.getDouble("lam"),
                c.getBoolean("whiten_rewards"),
                c.getIsNull("missing_eos_penalty") ? 0 : c.getDouble("missing_eos_penalty"),
                c.getDouble("max_grad_norm"),
                temperature,
                maxNewTokens,
                c.getLong("seed"));
    }

    /** Trajectories a step: B. */
    public int batch() {
        return prompts * generations;
    }

    private static Config withDefaults(Config config) {
        return config.withFallback(
                        ConfigFactory.parseResources(LearnerSettings.class.getClassLoader(), "troupe/learner.conf"))
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

    private static void positive(String key, Duration value) {
        if (value.isZero() || value.isNegative()) {
            throw new IllegalArgumentException(key + " = " + value + ": expected more than nothing");
        }
    }
}
