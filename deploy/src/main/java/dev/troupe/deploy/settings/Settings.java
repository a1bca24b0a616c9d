package dev.troupe.deploy.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import dev.troupe.cluster.ClusterSettings;
import dev.troupe.data.DataSettings;
import dev.troupe.learner.LearnerSettings;
import dev.troupe.model.ModelSettings;
import dev.troupe.reference.ReferenceSettings;
import dev.troupe.reward.RewardSettings;
import dev.troupe.rollout.RolloutSettings;
import dev.troupe.train.TrainSettings;
import dev.troupe.train.algorithm.Algorithm;
import dev.troupe.train.algorithm.Algorithms;
import dev.troupe.transport.TransportSettings;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a run: the rooms' defaults, under a configuration file, under what the command line says. Every key
 * is
 * known and every value has its default's type; what values mean is checked by the room that reads them.
 */
public final class Settings {
    /** What runs when no configuration is named. */
    public static final String EMBEDDED_DEFAULT = "stories/ppo";

    private static final String COMMAND_LINE = "command line";

    private final String name;
    private final Config config;
    private final Map<String, ConfigValue> leaves;
    private final Map<String, ConfigValue> defaults;

    private Settings(String name, Config config, Map<String, ConfigValue> defaults) {
        this.name = name;
        this.config = config;
        this.leaves = Defaults.leaves(config.root());
        this.defaults = defaults;
    }

    /**
     * Merges and checks.
     *
     * @param nameOrFile a file, a shipped configuration, or null for {@link #EMBEDDED_DEFAULT}
     * @param overrides KEY=VALUE each, the value in HOCON
     * @throws SettingsException naming every key that is unknown or has a value of the wrong type, and where it stands
     */
    public static Settings load(@Nullable String nameOrFile, List<String> overrides) {
        String name = nameOrFile == null ? EMBEDDED_DEFAULT : nameOrFile;
        Path file = Home.find().config(name);
        return of(name, parse(file), overrides);
    }

    /** As {@link #load}, of a text in place of a file. */
    public static Settings parse(String name, String hocon, List<String> overrides) {
        try {
            return of(
                    name,
                    ConfigFactory.parseString(
                            hocon, ConfigParseOptions.defaults().setOriginDescription(name)),
                    overrides);
        } catch (ConfigException.Parse e) {
            throw new SettingsException(String.valueOf(e.getMessage()), e);
        }
    }

    private static Settings of(String name, Config file, List<String> overrides) {
        try {
            Config over = ConfigFactory.empty();
            for (String override : overrides) {
                over = parseOverride(override).withFallback(over);
            }
            Config byDefault = Defaults.load();
            Config said = over.withFallback(file);
            Config preset = said.hasPath("algorithm") ? Algorithms.preset(said.getString("algorithm")) : said;
            Settings settings = new Settings(
                    name,
                    BesideFile.resolve(
                            said.withFallback(preset).withFallback(byDefault).resolve()),
                    Defaults.leaves(byDefault.resolve().root()));
            settings.check();
            settings.readByRooms();
            return settings;
        } catch (ConfigException e) {
            throw new SettingsException(String.valueOf(e.getMessage()), e);
        }
    }

    private static Config parse(Path file) {
        try {
            return ConfigFactory.parseFile(
                    file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
        } catch (ConfigException e) {
            throw new SettingsException("cannot read configuration " + file + ": " + e.getMessage(), e);
        }
    }

    private static Config parseOverride(String override) {
        int equals = override.indexOf('=');
        if (equals <= 0) {
            throw new SettingsException("\"" + override + "\" is not KEY=VALUE, as in steps=10");
        }
        String key = override.substring(0, equals).strip();
        String value = override.substring(equals + 1).strip();
        List<String> path;
        try {
            path = ConfigUtil.splitPath(key);
        } catch (ConfigException e) {
            throw new SettingsException("\"" + key + "\" in \"" + override + "\" is not a key: " + e.getMessage(), e);
        }
        return ConfigFactory.empty().withValue(ConfigUtil.joinPath(path), parseValue(value));
    }

    /** A value that HOCON cannot read (a path with a colon, say) is a text, and so is a URL, which it reads in part. */
    private static ConfigValue parseValue(String value) {
        ConfigValue text = ConfigValueFactory.fromAnyRef(value, COMMAND_LINE);
        boolean quoted = value.matches("[\\[{\"].*");
        if (value.isEmpty() || (value.contains("//") && !quoted)) {
            return text;
        }
        try {
            ConfigParseOptions options = ConfigParseOptions.defaults().setOriginDescription(COMMAND_LINE);
            return ConfigFactory.parseString("v = " + value, options)
                    .resolve()
                    .root()
                    .getOrDefault("v", text);
        } catch (ConfigException e) {
            return text;
        }
    }

    private void check() {
        List<String> problems = new ArrayList<>();
        leaves.forEach((key, value) -> {
            ConfigValue byDefault = defaults.get(key);
            if (byDefault == null) {
                problems.add(unknown(key, value));
            } else if (!KeyType.of(byDefault).fits(config, key, value)) {
                problems.add(at(value) + ": " + key + " = " + shown(value) + ": expected "
                        + KeyType.of(byDefault).expected() + " (the default is " + shown(byDefault) + ")");
            }
        });
        if (!problems.isEmpty()) {
            throw new SettingsException(String.join("\n", problems));
        }
    }

    /** Each room checks what its values mean; an error is told with the place of the key that it begins with. */
    private void readByRooms() {
        List<Consumer<Config>> readers = List.of(
                DataSettings::from,
                ModelSettings::from,
                TransportSettings::from,
                ClusterSettings::from,
                ReferenceSettings::from,
                RewardSettings::from,
                RolloutSettings::from,
                TrainSettings::from,
                LearnerSettings::from,
                Settings::readOnline);
        for (Consumer<Config> reader : readers) {
            try {
                reader.accept(config);
            } catch (RuntimeException e) {
                String message = String.valueOf(e.getMessage());
                ConfigValue value = leaves.get(message.split(" ", 2)[0]);
                throw new SettingsException(value == null ? message : at(value) + ": " + message, e);
            }
        }
    }

    /** The online algorithm of a run with these settings; an error begins with the key. */
    public static Algorithm algorithm(Config c) {
        return TrainSettings.algorithm(
                c, c.getInt("max_new_tokens"), RewardSettings.from(c).weights());
    }

    /** Reads what belongs to the algorithm, if it is an online one. */
    private static void readOnline(Config c) {
        if (TrainSettings.from(c).online()) {
            TrainSettings.kl(c, algorithm(c));
            // At temperature 0 there is nothing to learn from, which the run itself refuses.
            TrainSettings.update(c, c.getDouble("temperature") == 0 ? 1 : c.getDouble("temperature"));
        }
    }

    private String unknown(String key, ConfigValue value) {
        List<String> inGroup =
                defaults.keySet().stream().filter(k -> k.startsWith(key + ".")).toList();
        if (!inGroup.isEmpty()) {
            return at(value) + ": " + key + " = " + shown(value) + ": " + key + " is a group of settings, of "
                    + String.join(", ", inGroup);
        }
        return at(value) + ": unknown key " + key + "; did you mean " + Nearest.to(key, defaults.keySet()) + "?";
    }

    /** What was named: a file or a shipped configuration. */
    public String name() {
        return name;
    }

    /** Everything, resolved; the rooms read their settings from it. */
    public Config config() {
        return config;
    }

    /** Every key, sorted. */
    public List<String> keys() {
        return List.copyOf(leaves.keySet());
    }

    /** A key's value in HOCON. */
    public String value(String key) {
        return shown(leaf(key));
    }

    /** Where a key's value stands: {@code command line}, file and line, or {@code default}. */
    public String source(String key) {
        ConfigValue value = leaf(key);
        ConfigValue byDefault = defaults.get(key);
        return byDefault != null && byDefault.origin().equals(value.origin()) ? "default" : at(value);
    }

    /** The same settings with the date of a run's start for chat templates, unless they say one. */
    public Settings startedAt(LocalDateTime start) {
        String key = "template_date";
        return config.getString(key).isBlank()
                ? new Settings(
                        name,
                        config.withValue(
                                key,
                                ConfigValueFactory.fromAnyRef(
                                        start.truncatedTo(ChronoUnit.SECONDS)
                                                .format(DateTimeFormatter.ISO_LOCAL_DATE_TIME),
                                        "the start of the run")),
                        defaults)
                : this;
    }

    /** A configuration file that means exactly these settings. */
    public String render() {
        return config.root()
                .render(ConfigRenderOptions.defaults()
                        .setOriginComments(false)
                        .setComments(false)
                        .setJson(false));
    }

    private ConfigValue leaf(String key) {
        ConfigValue value = leaves.get(key);
        if (value == null) {
            throw new SettingsException(
                    "unknown key " + key + "; did you mean " + Nearest.to(key, leaves.keySet()) + "?");
        }
        return value;
    }

    private static String at(ConfigValue value) {
        ConfigOrigin origin = value.origin();
        String file = origin.filename();
        String where = file == null ? origin.description().replaceFirst(": \\d+$", "") : file;
        return origin.lineNumber() > 0 && !where.equals(COMMAND_LINE) ? where + ":" + origin.lineNumber() : where;
    }

    private static String shown(ConfigValue value) {
        return value.render(ConfigRenderOptions.concise().setJson(false));
    }
}
