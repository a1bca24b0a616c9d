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
 * @param template the chat template that dialogues are written in, empty for the model's own
 * @param mode what is trained
 * @param adapter the adapter's numbers; they matter unless everything is trained
 * @param numerics number format, and what is kept for the backward pass
 * @param device where the process keeps its tensors
 * @param ignoredKeys keys of model files that are read as if they were not there
 */
public record ModelSettings(
        String policy,
        String template,
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
                c.getString("model.policy"),
                c.getString("template").trim(),
                mode(c),
                adapter(c),
                numerics,
                device,
                ignoredKeys(c));
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
