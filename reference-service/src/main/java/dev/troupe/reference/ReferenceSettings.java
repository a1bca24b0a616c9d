package dev.troupe.reference;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.model.ModelSettings;
import dev.troupe.model.Numerics;
import org.jspecify.annotations.Nullable;

/**
 * Settings of a reference actor or of a teacher; {@code troupe/reference-service.conf} documents every key.
 *
 * @param model {@code model.reference} or {@code model.teacher}; null for the policy's own start, or for no teacher
 * @param threads cores of one pass
 * @param numerics how the model computes
 */
public record ReferenceSettings(@Nullable String model, int threads, Numerics numerics) {

    /** Reads the reference's settings; a key that is absent has its documented default. */
    public static ReferenceSettings from(Config config) {
        return of("reference", config);
    }

    /** Reads the teacher's. */
    public static ReferenceSettings teacher(Config config) {
        return of("teacher", config);
    }

    private static ReferenceSettings of(String role, Config config) {
        Config c = config.withFallback(ConfigFactory.parseResources(
                        ReferenceSettings.class.getClassLoader(), "troupe/reference-service.conf"))
                .resolve();
        int threads = c.getInt(role + ".threads");
        if (threads < 1) {
            throw new IllegalArgumentException(role + ".threads = " + threads + ": expected at least 1");
        }
        String model = "model." + role;
        return new ReferenceSettings(
                c.getIsNull(model) ? null : c.getString(model),
                threads,
                ModelSettings.from(config).numerics());
    }
}
