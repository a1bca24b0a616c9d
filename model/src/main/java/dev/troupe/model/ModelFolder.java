package dev.troupe.model;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Hugging Face model folder.
 *
 * @param path where it is
 * @param config its config.json
 * @param weights its tensors under their Hugging Face names, in the decoder's order
 */
public record ModelFolder(Path path, ModelConfig config, TensorSet weights) {
    private static final String CONFIG = "config.json";
    private static final String WEIGHTS = "model.safetensors";
    private static final List<String> TOKENIZER_FILES =
            List.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json");

    /**
     * Reads config.json and model.safetensors and checks one against the other; errors name the file and the reason. An
     * adapter's folder opens as the model it was made for with the adapter merged.
     */
    public static ModelFolder open(Path path) {
        if (AdapterFolder.is(path)) {
            return merged(AdapterFolder.open(path));
        }
        if (!Files.isDirectory(path)) {
            throw new ModelException(
                    "no model folder " + path + " (expected a folder with " + CONFIG + " and " + WEIGHTS + ")");
        }
        ModelConfig config = ModelConfig.read(path.resolve(CONFIG));
        Path file = path.resolve(WEIGHTS);
        if (!Files.exists(file)) {
            throw new ModelException("model folder " + path + " has no " + WEIGHTS);
        }
        WeightLayout layout = new WeightLayout(config);
        TensorSet weights = ordered(Safetensors.read(file), config, layout);
        try {
            layout.check(weights);
        } catch (ModelException e) {
            throw new ModelException(file + ": " + e.getMessage(), e);
        }
        return new ModelFolder(path, config, weights);
    }

    /** The shape of the model in a folder, or of the one that its adapter was made for; weights are not read. */
    public static ModelConfig shape(Path path) {
        if (AdapterFolder.is(path)) {
            AdapterFolder adapter = AdapterFolder.open(path);
            return shape(adapter.basePath()).withScoreHead(adapter.scoreHead());
        }
        return ModelConfig.read(path.resolve(CONFIG));
    }

    private static ModelFolder merged(AdapterFolder adapter) {
        ModelFolder base = open(adapter.basePath());
        ModelConfig config = base.config.withScoreHead(adapter.scoreHead());
        TensorSet start =
                config.scoreHead() && !base.config.scoreHead() ? ModelInit.withScoreHead(base.weights) : base.weights;
        TensorSet weights = AdapterMerge.merge(config, start, adapter.config(), adapter.tensors());
        return new ModelFolder(adapter.path(), config, weights);
    }

    /** Where the tokenizer's files are: an adapter may leave them to its base. */
    private static Path tokenizerFolder(Path path) {
        boolean own = Files.exists(path.resolve(TOKENIZER_FILES.get(0)));
        return own || !AdapterFolder.is(path)
                ? path
                : tokenizerFolder(AdapterFolder.open(path).basePath());
    }

    /** In the decoder's order, without tensors that some writers add and that say nothing new. */
    private static TensorSet ordered(TensorSet read, ModelConfig config, WeightLayout layout) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        for (String name : layout.tensors().keySet()) {
            if (read.contains(name)) {
                tensors.put(name, read.get(name));
            }
        }
        for (String name : read.names()) {
            boolean copy = name.equals("lm_head.weight") && config.tied();
            if (!copy && !name.endsWith(".rotary_emb.inv_freq")) {
                tensors.putIfAbsent(name, read.get(name));
            }
        }
        return TensorSet.of(tensors);
    }

    /** The tokenizer of the folder; an error when it has none. */
    public Tokenizer tokenizer() {
        return Tokenizer.open(tokenizerFolder(path));
    }

    /**
     * Writes a model folder that transformers loads, its tokenizer files copied from another folder unless that is
     * null. The weights must be the configuration's.
     */
    public static void save(Path path, ModelConfig config, TensorSet weights, @Nullable Path tokenizerFrom) {
        new WeightLayout(config).check(weights);
        try {
            Files.createDirectories(path);
            Files.writeString(path.resolve(CONFIG), config.toJson());
            Safetensors.write(path.resolve(WEIGHTS), weights);
        } catch (IOException e) {
            throw new ModelException("cannot write model folder " + path + ": " + e, e);
        }
        if (tokenizerFrom != null) {
            copyTokenizer(tokenizerFrom, path);
        }
    }

    /** Copies what there is of a tokenizer's files into another folder. */
    static void copyTokenizer(Path model, Path to) {
        Path from = tokenizerFolder(model);
        try {
            if (Files.isSameFile(from, to)) {
                return;
            }
            for (String name : TOKENIZER_FILES) {
                if (Files.exists(from.resolve(name))) {
                    Files.copy(from.resolve(name), to.resolve(name), StandardCopyOption.REPLACE_EXISTING);
                }
            }
        } catch (IOException e) {
            throw new ModelException("cannot copy the tokenizer of " + from + " to " + to + ": " + e, e);
        }
    }
}
