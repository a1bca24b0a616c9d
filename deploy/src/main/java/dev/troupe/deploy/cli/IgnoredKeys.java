package dev.troupe.deploy.cli;

import java.util.LinkedHashSet;
import java.util.Set;
import picocli.CommandLine.Option;

/** The option of commands that open models. */
final class IgnoredKeys {
    @Option(
            names = "--ignore-keys",
            paramLabel = "KEY",
            split = ",",
            description = "Keys of config.json, adapter_config.json or GGUF metadata that are read as if they were not"
                    + " there. Without this, an unknown key that is set stops the load.")
    private Set<String> keys = new LinkedHashSet<>();

    Set<String> keys() {
        return keys;
    }
}
