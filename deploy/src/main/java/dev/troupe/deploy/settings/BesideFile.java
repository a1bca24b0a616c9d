package dev.troupe.deploy.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.nio.file.Path;
import java.util.List;

/**
 * Files that a configuration names beside itself: a path that begins with {@code ./} or {@code ../} in a configuration
 * file is taken from that file's folder. Every other path, and every path of the command line, is taken from the folder
 * that Troupe was started in.
 */
final class BesideFile {
    /** The keys whose values may be paths. */
    private static final List<String> PATHS = List.of(
            "data.prompts",
            "data.texts",
            "data.pairs",
            "eval.prompts",
            "reward.lexicon",
            "model.policy",
            "model.reference",
            "model.teacher",
            "model.reward",
            "model.value");

    private static final String PARTS = "reward.parts";
    private static final String MODEL = "model";

    private BesideFile() {}

    /** The same settings with such paths made absolute, so that a run's config.conf means the same from anywhere. */
    static Config resolve(Config config) {
        Config resolved = config;
        for (String key : PATHS) {
            if (config.hasPath(key)) {
                resolved = resolved.withValue(key, resolve(config.getValue(key)));
            }
        }
        return config.hasPath(PARTS) ? resolved.withValue(PARTS, parts(config.getValue(PARTS))) : resolved;
    }

    /** The models in the list of rewards. */
    private static ConfigValue parts(ConfigValue value) {
        if (!(value instanceof ConfigList list)) {
            return value;
        }
        List<ConfigValue> parts = list.stream()
                .map(part -> part instanceof ConfigObject object && object.containsKey(MODEL)
                        ? object.withValue(MODEL, resolve(object.get(MODEL)))
                        : part)
                .toList();
        return ConfigValueFactory.fromIterable(parts).withOrigin(value.origin());
    }

    private static ConfigValue resolve(ConfigValue value) {
        String file = value.origin().filename();
        if (file == null || value.valueType() != ConfigValueType.STRING) {
            return value;
        }
        String path = (String) value.unwrapped();
        if (!path.startsWith("./") && !path.startsWith("../")) {
            return value;
        }
        Path absolute = Path.of(file).toAbsolutePath().resolveSibling(path).normalize();
        return ConfigValueFactory.fromAnyRef(absolute.toString()).withOrigin(value.origin());
    }
}
