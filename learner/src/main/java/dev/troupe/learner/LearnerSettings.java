package dev.troupe.learner;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.time.Duration;

/**
 * Settings of the learner's actors; {@code troupe/learner.conf} documents every key with its default.
 *
 * @param eta {@code staleness.max}
 */
public record LearnerSettings(
        int eta, int samplesEvery, int parityRows, int scoringBatch, Duration scoringDeadline, Duration waitDeadline) {

    /** Checks each value; the error names the key. */
    public LearnerSettings {
        atLeast("staleness.max", eta, 0);
        atLeast("samples.every", samplesEvery, 0);
        atLeast("parity.rows", parityRows, 0);
        atLeast("scoring.batch", scoringBatch, 1);
        positive("scoring.deadline", scoringDeadline);
        positive("learner.wait_deadline", waitDeadline);
    }

    /** Reads the settings; a key that is absent has the default of {@code troupe/learner.conf}. */
    public static LearnerSettings from(Config config) {
        Config c = config.withFallback(
                        ConfigFactory.parseResources(LearnerSettings.class.getClassLoader(), "troupe/learner.conf"))
                .resolve();
        return new LearnerSettings(
                c.getInt("staleness.max"),
                c.getInt("samples.every"),
                c.getInt("parity.rows"),
                c.getInt("scoring.batch"),
                c.getDuration("scoring.deadline"),
                c.getDuration("learner.wait_deadline"));
    }

    private static void atLeast(String key, long value, long least) {
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
