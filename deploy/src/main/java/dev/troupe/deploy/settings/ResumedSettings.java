package dev.troupe.deploy.settings;

import com.typesafe.config.ConfigFactory;
import dev.troupe.data.DataSettings;
import dev.troupe.data.sources.Sources;
import dev.troupe.train.TrainSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The settings of a run that goes on: those it was started with, and what may change on the way. */
public final class ResumedSettings {
    /** What the checkpoint's tensors are made by: with another value they would not fit, or mean something else. */
    private static final List<String> KEPT =
            List.of("algorithm", "adapter.mode", "adapter.r", "adapter.alpha", "adapter.rslora", "adapter.targets");

    /** Before there was this key, every token was trained. */
    private static final String ON_INPUTS = "train_on_inputs";

    /** What decides which rows an offline step trains: with another value the run would not go on where it was. */
    private static final List<String> KEPT_OFFLINE = List.of(
            "seed",
            "batch.prompts",
            "data.texts",
            "data.pairs",
            "data.pairs_margin",
            "data.held_out",
            "model.policy",
            "template",
            "template_date",
            "offline.max_length",
            ON_INPUTS);

    /** An endless source gives as many rows as the steps take. */
    private static final String STEPS = "steps";

    private ResumedSettings() {}

    /**
     * Reads a run's configuration and puts settings over it.
     *
     * @param config the run's config.conf
     * @throws SettingsException naming a key that the run's checkpoint does not allow to change
     */
    public static Settings load(Path config, List<String> overrides) {
        List<String> meant = meant(config);
        Settings own = Settings.load(config.toString(), meant);
        Settings changed = Settings.load(
                config.toString(),
                Stream.concat(meant.stream(), overrides.stream()).toList());
        List<String> kept = new ArrayList<>(KEPT);
        if (!TrainSettings.from(own.config()).online()) {
            kept.addAll(KEPT_OFFLINE);
            kept.addAll(endless(own) ? List.of(STEPS) : List.of());
        }
        for (String key : kept) {
            if (!changed.value(key).equals(own.value(key))) {
                throw new SettingsException(
                        changed.source(key) + ": " + key + " = " + changed.value(key) + ": the run in "
                                + config.getParent() + " was made with " + own.value(key)
                                + ", and its checkpoint goes on with nothing else; leave the key out, or start a new run");
            }
        }
        return changed;
    }

    /** What a run of an earlier version meant without having the key. */
    private static List<String> meant(Path config) {
        return ConfigFactory.parseFile(config.toFile()).hasPath(ON_INPUTS) ? List.of() : List.of(ON_INPUTS + "=true");
    }

    private static boolean endless(Settings own) {
        DataSettings data = DataSettings.from(own.config());
        boolean pairs = own.config().getString("algorithm").equals("reward");
        return (pairs ? data.pairs() : data.texts()).equals(Sources.STORIES);
    }
}
