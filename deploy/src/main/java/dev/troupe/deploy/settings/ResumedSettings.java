package dev.troupe.deploy.settings;

import java.nio.file.Path;
import java.util.List;

/** The settings of a run that goes on: those it was started with, and what may change on the way. */
public final class ResumedSettings {
    /** What the checkpoint's tensors are made by: with another value they would not fit, or mean something else. */
    private static final List<String> KEPT =
            List.of("algorithm", "adapter.mode", "adapter.r", "adapter.alpha", "adapter.rslora", "adapter.targets");

    private ResumedSettings() {}

    /**
     * Reads a run's configuration and puts settings over it.
     *
     * @param config the run's config.conf
     * @throws SettingsException naming a key that the run's checkpoint does not allow to change
     */
    public static Settings load(Path config, List<String> overrides) {
        Settings changed = Settings.load(config.toString(), overrides);
        Settings own = Settings.load(config.toString(), List.of());
        for (String key : KEPT) {
            if (!changed.value(key).equals(own.value(key))) {
                throw new SettingsException(
                        changed.source(key) + ": " + key + " = " + changed.value(key) + ": the run in "
                                + config.getParent() + " was made with " + own.value(key)
                                + ", and its checkpoint goes on with nothing else; leave the key out, or start a new run");
            }
        }
        return changed;
    }
}
