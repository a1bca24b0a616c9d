package dev.troupe.deploy.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigRenderOptions;
import dev.troupe.data.tokenizer.TokenizerFolder;
import dev.troupe.model.AdapterFolder;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.gguf.GgufModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds the folder, or the GGUF file, that a model argument means. */
public final class Models {
    private static final String CONFIG = "config.json";
    private static final String STEP = "step-";

    /** {@code model.policy} of a run that makes its model from nothing. */
    public static final String NEW = "new";

    private Models() {}

    /**
     * A Hugging Face folder, an adapter's, a .gguf file, a run (its last checkpoint), a checkpoint, or the name of a
     * shipped model.
     *
     * @param what who asks, for the error: a key or an option
     * @throws SettingsException saying what was looked for and which models are shipped
     */
    public static Path folder(String what, String nameOrFolder) {
        return folder(what, nameOrFolder, "policy");
    }

    /**
     * As {@link #folder(String, String)}; of a run or checkpoint the part that is wanted, {@code policy}, {@code
     * value} or {@code reward}.
     */
    public static Path folder(String what, String nameOrFolder, String part) {
        Path path = Path.of(nameOrFolder);
        if (GgufModel.isGguf(path) && Files.exists(path)) {
            return path;
        }
        for (Path candidate : List.of(path, path.resolve(part))) {
            if (Files.isRegularFile(candidate.resolve(CONFIG)) || AdapterFolder.is(candidate)) {
                return candidate;
            }
        }
        Optional<Path> checkpoint = lastCheckpoint(path);
        if (checkpoint.isPresent()) {
            return checkpoint.get().resolve(part);
        }
        Path shipped = Home.find().model(nameOrFolder);
        if (Files.isRegularFile(shipped.resolve(CONFIG))) {
            return shipped;
        }
        throw new SettingsException(
                what + " = " + nameOrFolder + ": no model there. Expected a Hugging Face folder with " + CONFIG
                        + ", a .gguf file, a run or checkpoint, or a shipped one: " + String.join(", ", shipped()));
    }

    /** Where the model that a setting names lies; of a run or checkpoint, the part that serves for it. */
    public static Path of(Config config, String key) {
        String part = switch (key) {
            case "model.reward" -> "reward";
            case "model.value" -> "value";
            default -> "policy";
        };
        return folder(key, config.getString(key), part);
    }

    /** The shape of a model made from nothing, over the stories' vocabulary: {@code model.new} of the settings. */
    public static ModelConfig newShape(Config config) {
        try {
            return ModelConfig.llama(
                    TokenizerFolder.STORIES_VOCABULARY,
                    config.getInt("model.new.hidden"),
                    config.getInt("model.new.intermediate"),
                    config.getInt("model.new.layers"),
                    config.getInt("model.new.heads"),
                    config.getInt("model.new.kv_heads"),
                    config.getInt("model.new.context"));
        } catch (IllegalArgumentException e) {
            throw new SettingsException(
                    "model.new = " + config.getConfig("model.new").root().render(ConfigRenderOptions.concise()) + ": "
                            + e.getMessage(),
                    e);
        }
    }

    /** The last checkpoint of a run's folder. */
    public static Optional<Path> lastCheckpoint(Path run) {
        Path checkpoints = run.resolve("checkpoints");
        if (!Files.isDirectory(checkpoints)) {
            return Optional.empty();
        }
        try (Stream<Path> folders = Files.list(checkpoints)) {
            return folders.filter(p -> name(p).matches(STEP + "\\d{1,9}"))
                    .max(Comparator.comparingInt(p -> Integer.parseInt(name(p).substring(STEP.length()))));
        } catch (IOException e) {
            throw new SettingsException("cannot list " + checkpoints + ": " + e, e);
        }
    }

    /** Names of the shipped models. */
    public static List<String> shipped() {
        Path folder = Home.find().model("");
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> folders = Files.list(folder)) {
            return folders.filter(p -> Files.isRegularFile(p.resolve(CONFIG)))
                    .map(Models::name)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new SettingsException("cannot list " + folder + ": " + e, e);
        }
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName());
    }
}
