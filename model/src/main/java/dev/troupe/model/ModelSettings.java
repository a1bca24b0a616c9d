package dev.troupe.model;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Settings of this room; troupe/model.conf documents each key.
 *
 * @param policy the policy: a folder or a shipped model's name
 * @param chat how dialogues are written
 * @param mode what is trained
 * @param adapter the adapter's numbers; they matter unless everything is trained
 * @param numerics number format, and what is kept for the backward pass
 * @param device where the process keeps its tensors
 * @param ignoredKeys keys of model files that are read as if they were not there
 */
public record ModelSettings(
        String policy,
        ChatFormat chat,
        Mode mode,
        AdapterConfig adapter,
        Numerics numerics,
        Device device,
        Set<String> ignoredKeys) {
    /** What is trained. */
    public enum Mode {
        /** Every weight. */
        FULL,
        /** An adapter over the weights as they are. */
        LORA,
        /** An adapter over weights in four bits. */
        QLORA
    }

    /**
     * Reads and checks the keys, those that are absent from troupe/model.conf; an error names the key, its value and
     * what is possible.
     */
    public static ModelSettings from(Config config) {
        Config c = config.withFallback(
                        ConfigFactory.parseResources(ModelSettings.class.getClassLoader(), "troupe/model.conf"))
                .resolve();
        Numerics numerics =
                new Numerics(Dtype.of("dtype", c.getString("dtype")), c.getBoolean("model.gradient_checkpointing"));
        Device device = Device.of("device", c.getString("device"));
        return new ModelSettings(
                c.getString("model.policy"), chat(c), mode(c), adapter(c), numerics, device, ignoredKeys(c));
    }

    private static ChatFormat chat(Config config) {
        String date = config.getString("template_date").trim();
        try {
            return ChatFormat.of(config.getString("template").trim(), date);
        } catch (IllegalArgumentException e) {
            throw new ConfigException.BadValue(
                    config.getValue("template_date").origin(), "template_date", "is '" + date + "'; " + e.getMessage());
        }
    }

    private static Set<String> ignoredKeys(Config config) {
        return Arrays.stream(config.getString("model.ignore_keys").split(","))
                .map(String::trim)
                .filter(key -> !key.isEmpty())
                .collect(Collectors.toUnmodifiableSet());
    }

    private static AdapterConfig adapter(Config config) {
        try {
            return new AdapterConfig(
                    config.getInt("adapter.r"),
                    config.getDouble("adapter.alpha"),
                    config.getDouble("adapter.dropout"),
                    config.getBoolean("adapter.rslora"),
                    List.of(config.getString("adapter.targets").trim().split("\\s*,\\s*")));
        } catch (IllegalArgumentException e) {
            throw new ConfigException.Generic(String.valueOf(e.getMessage()), e);
        }
    }

    private static Mode mode(Config config) {
        String value = config.getString("adapter.mode");
        return switch (value) {
            case "full" -> Mode.FULL;
            case "lora" -> Mode.LORA;
            case "qlora" -> Mode.QLORA;
            default ->
                throw new ConfigException.BadValue(
                        config.getValue("adapter.mode").origin(),
                        "adapter.mode",
                        "is '" + value + "'; expected full, lora or qlora");
        };
    }
}
