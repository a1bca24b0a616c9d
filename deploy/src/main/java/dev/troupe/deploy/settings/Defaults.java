package dev.troupe.deploy.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigValue;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The defaults that the rooms document, each in its own file on the class path. */
final class Defaults {
    private static final List<String> ROOMS = List.of(
            "data",
            "model",
            "transport",
            "cluster",
            "reference-service",
            "reward-service",
            "rollout-actors",
            "train",
            "learner");

    private Defaults() {}

    /** All rooms' defaults, not yet resolved: a default may refer to another room's key. */
    static Config load() {
        Config all = ConfigFactory.empty();
        for (String room : ROOMS) {
            all = all.withFallback(room(room));
        }
        return all;
    }

    /** The rooms that bring settings. */
    static List<String> rooms() {
        return ROOMS;
    }

    static Config room(String room) {
        return ConfigFactory.parseResources(
                Defaults.class.getClassLoader(),
                "troupe/" + room + ".conf",
                ConfigParseOptions.defaults().setAllowMissing(false).setOriginDescription(room + ".conf"));
    }

    /** Every key with its value, nulls included (which {@link Config#entrySet()} leaves out), sorted. */
    static Map<String, ConfigValue> leaves(ConfigObject root) {
        Map<String, ConfigValue> leaves = new TreeMap<>();
        collect("", root, leaves);
        return leaves;
    }

    private static void collect(String prefix, ConfigObject object, Map<String, ConfigValue> leaves) {
        object.forEach((name, value) -> {
            String key = prefix.isEmpty() ? name : prefix + "." + name;
            if (value instanceof ConfigObject group) {
                collect(key, group, leaves);
            } else {
                leaves.put(key, value);
            }
        });
    }
}
