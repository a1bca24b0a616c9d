package dev.troupe.rollout;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.SamplingConfig;
import java.time.Duration;
import java.util.List;

/**
 * Settings of a rollout actor; troupe/rollout-actors.conf documents each key.
 *
 * @param prefetch leases held beyond the slots
 * @param context tokens a slot can hold; 0 for the model's whole context
 * @param threads cores of one decode step
 */
public record RolloutSettings(
        int replicas,
        int slots,
        int prefetch,
        int context,
        int threads,
        Duration deadline,
        Duration drainDeadline,
        int maxNewTokens,
        SamplingConfig sampling,
        List<String> stop) {

    /** Checks each value; the error names the key. */
    public RolloutSettings {
        atLeast("rollout.replicas", replicas, 1);
        atLeast("rollout.slots", slots, 1);
        atLeast("rollout.prefetch", prefetch, 0);
        atLeast("rollout.context", context, 0);
        atLeast("rollout.threads", threads, 1);
        atLeast("max_new_tokens", maxNewTokens, 1);
        positive("rollout.deadline", deadline);
        positive("rollout.drain_deadline", drainDeadline);
        stop = List.copyOf(stop);
    }

    /** Reads the settings; a key that is absent has the default of troupe/rollout-actors.conf. */
    public static RolloutSettings from(Config config) {
        Config c = config.withFallback(ConfigFactory.parseResources(
                        RolloutSettings.class.getClassLoader(), "troupe/rollout-actors.conf"))
                .resolve();
        return new RolloutSettings(
                c.getInt("rollout.replicas"),
                c.getInt("rollout.slots"),
                c.getInt("rollout.prefetch"),
                c.getInt("rollout.context"),
                c.getInt("rollout.threads"),
                c.getDuration("rollout.deadline"),
                c.getDuration("rollout.drain_deadline"),
                c.getInt("max_new_tokens"),
                new SamplingConfig(
                        c.getDouble("temperature"),
                        c.getInt("top_k"),
                        c.getDouble("top_p"),
                        c.getDouble("min_p"),
                        c.getDouble("repetition_penalty"),
                        c.getBoolean("suppress_first_eos")),
                c.getStringList("stop"));
    }

    /** Tokens a slot of this model holds. */
    public int contextOf(ModelConfig model) {
        return context == 0 ? model.maxPositions() : Math.min(context, model.maxPositions());
    }

    /** Leases that a rollout holds at once. */
    public int capacity() {
        return slots + prefetch;
    }

    private static void atLeast(String key, int value, int least) {
        if (value < least) {
            throw new IllegalArgumentException(key + " = " + value + ": expected at least " + least);
        }
    }

    private static void positive(String key, Duration value) {
        if (value.isZero() || value.isNegative()) {
            throw new IllegalArgumentException(key + " = " + value + ": expected more than nothing");
        }
    }
}
