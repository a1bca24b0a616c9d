package dev.troupe.reward;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.model.ModelSettings;
import dev.troupe.model.Numerics;
import java.time.Duration;
import java.util.Locale;

/**
 * Settings of the reward actor; {@code troupe/reward-service.conf} documents every key.
 *
 * @param model {@code model.reward}, read for kind MODEL
 * @param rule name of the rule, read for kind RULE
 * @param concurrency calls of the rule at once
 * @param deadline for one call of the rule
 * @param batch completions of one request
 * @param threads cores of one pass of the model
 * @param numerics how the model computes
 */
public record RewardSettings(
        String model,
        Kind kind,
        String rule,
        int concurrency,
        Duration deadline,
        int batch,
        int threads,
        Numerics numerics) {

    /** Who judges. */
    public enum Kind {
        /** A reward model. */
        MODEL,
        /** Code. */
        RULE
    }

    /** Checks each value; the error names the key. */
    public RewardSettings {
        atLeastOne("reward.concurrency", concurrency);
        atLeastOne("reward.batch", batch);
        atLeastOne("reward.threads", threads);
        if (deadline.isZero() || deadline.isNegative()) {
            throw new IllegalArgumentException("reward.deadline = " + deadline + ": expected more than nothing");
        }
    }

    /** Reads the settings; a key that is absent has its documented default. */
    public static RewardSettings from(Config config) {
        Config c = config.withFallback(ConfigFactory.parseResources(
                        RewardSettings.class.getClassLoader(), "troupe/reward-service.conf"))
                .resolve();
        return new RewardSettings(
                c.getString("model.reward"),
                kind(c.getString("reward.kind")),
                c.getString("reward.rule"),
                c.getInt("reward.concurrency"),
                c.getDuration("reward.deadline"),
                c.getInt("reward.batch"),
                c.getInt("reward.threads"),
                ModelSettings.from(config).numerics());
    }

    private static Kind kind(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "model" -> Kind.MODEL;
            case "rule" -> Kind.RULE;
            default -> throw new IllegalArgumentException("reward.kind = " + text + ": expected model or rule");
        };
    }

    private static void atLeastOne(String key, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(key + " = " + value + ": expected at least 1");
        }
    }
}
