package dev.troupe.model;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;

/**
 * Settings of this room; troupe/model.conf documents each key.
 *
 * @param policy the policy: a folder or a shipped model's name
 * @param numerics number format, and what is kept for the backward pass
 * @param device where the process keeps its tensors
 */
public record ModelSettings(String policy, Numerics numerics, Device device) {

    /**
     * Reads and checks the keys, those that are absent from troupe/model.conf; an error names the key, its value and
     * what is possible.
     */
    public static ModelSettings from(Config config) {
        Config c = config.withFallback(
                        ConfigFactory.parseResources(ModelSettings.class.getClassLoader(), "troupe/model.conf"))
                .resolve();
        requireOnly(c, "adapter.mode", "full");
        Numerics numerics =
                new Numerics(Dtype.of("dtype", c.getString("dtype")), c.getBoolean("model.gradient_checkpointing"));
        return new ModelSettings(c.getString("model.policy"), numerics, Device.of("device", c.getString("device")));
    }

    private static void requireOnly(Config config, String key, String possible) {
        String value = config.getString(key);
        if (!value.equals(possible)) {
            throw new ConfigException.BadValue(
                    config.getValue(key).origin(), key, "is '" + value + "'; only '" + possible + "' is known yet");
        }
    }
}
