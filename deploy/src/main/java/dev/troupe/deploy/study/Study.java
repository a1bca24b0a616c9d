package dev.troupe.deploy.study;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A comparison as its file states it: {@code seeds}, and {@code arms}, a list of {@code name}, {@code config} and
 * {@code set} (KEY=VALUE each); an arm may have {@code seeds} of its own.
 *
 * @param arms in the order of the table
 */
public record Study(List<Arm> arms) {

    /**
     * One setting that is compared.
     *
     * @param name for people; of letters, digits, spaces and a few signs
     * @param config a shipped configuration or a file
     * @param set what is changed in it
     * @param seeds it runs with each
     */
    public record Arm(String name, String config, List<String> set, List<Long> seeds) {
        /** The name of its run with a seed. */
        public String run(long seed) {
            return name.replaceAll("[^A-Za-z0-9.]+", "-") + "-seed" + seed;
        }

        /** What its run with a seed changes. */
        public List<String> overrides(long seed) {
            List<String> all = new ArrayList<>(set);
            all.add("seed=" + seed);
            return all;
        }
    }

    public Study {
        arms = List.copyOf(arms);
        if (arms.isEmpty() || arms.stream().anyMatch(arm -> arm.seeds.isEmpty())) {
            throw new SettingsException("a study needs arms and seeds for each; it has " + arms.size() + " arms");
        }
        if (arms.stream().map(arm -> arm.run(0)).distinct().count() < arms.size()) {
            throw new SettingsException("two arms of the study have the same name");
        }
    }

    /** All seeds of the arms, each once. */
    public List<Long> seeds() {
        return arms.stream()
                .flatMap(arm -> arm.seeds.stream())
                .distinct()
                .sorted()
                .toList();
    }

    /** How many runs it takes. */
    public int runs() {
        return arms.stream().mapToInt(arm -> arm.seeds.size()).sum();
    }

    /**
     * Reads a study; the settings of every arm are checked before anything runs.
     *
     * @throws SettingsException naming file and arm
     */
    public static Study read(Path file) {
        try {
            Config c = ConfigFactory.parseFile(file.toFile()).resolve();
            List<Arm> arms = new ArrayList<>();
            for (ConfigObject each : c.getObjectList("arms")) {
                Config arm = each.toConfig();
                arms.add(new Arm(
                        arm.getString("name"),
                        arm.getString("config"),
                        arm.hasPath("set") ? arm.getStringList("set") : List.of(),
                        arm.hasPath("seeds") ? arm.getLongList("seeds") : c.getLongList("seeds")));
            }
            Study study = new Study(arms);
            study.arms.forEach(arm -> check(file, arm));
            return study;
        } catch (ConfigException e) {
            throw new SettingsException("cannot read study " + file + ": " + e.getMessage(), e);
        }
    }

    private static void check(Path file, Arm arm) {
        try {
            Settings.load(arm.config(), arm.overrides(1));
        } catch (SettingsException e) {
            throw new SettingsException("study " + file + ", arm " + arm.name() + ": " + e.getMessage(), e);
        }
    }
}
