package dev.troupe.model;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;

/**
 * Settings of this room; troupe/model.conf documents each key.
 *
 * @param policy the policy: a folder or a shipped model's name
 */
public record ModelSettings(String policy) {

    /** Reads and checks the keys; an error names the key, its value and what is possible. */
    public static ModelSettings from(Config config) {
        requireOnly(config, "device", "cpu");
        requireOnly(config, "adapter.mode", "full");
        requireOnly(config, "dtype", "fp32");
        return new ModelSettings(config.getString("model.policy"));
    }

    private static void requireOnly(Config config, String key, String possible) {
        String value = config.getString(key);
        if (!value.equals(possible)) {
            throw new ConfigException.BadValue(
                    config.getValue(key).origin(), key, "is '" + value + "'; only '" + possible + "' is known yet");
        }
    }
}
