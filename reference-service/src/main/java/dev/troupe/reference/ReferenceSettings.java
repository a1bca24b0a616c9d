package dev.troupe.reference;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.model.ModelSettings;
import dev.troupe.model.Numerics;
import org.jspecify.annotations.Nullable;

/**
 * Settings of the reference actor; {@code troupe/reference-service.conf} documents every key.
 *
 * @param model {@code model.reference}, null for the policy's own start
 * @param threads cores of one pass
 * @param numerics how the model computes
 */
public record ReferenceSettings(@Nullable String model, int threads, Numerics numerics) {

    /** Checks each value; the error names the key. */
    public ReferenceSettings {
        if (threads < 1) {
            throw new IllegalArgumentException("reference.threads = " + threads + ": expected at least 1");
        }
    }

    /** Reads the settings; a key that is absent has its documented default. */
    public static ReferenceSettings from(Config config) {
        Config c = config.withFallback(ConfigFactory.parseResources(
                        ReferenceSettings.class.getClassLoader(), "troupe/reference-service.conf"))
                .resolve();
        return new ReferenceSettings(
                c.getIsNull("model.reference") ? null : c.getString("model.reference"),
                c.getInt("reference.threads"),
                ModelSettings.from(config).numerics());
    }
}
