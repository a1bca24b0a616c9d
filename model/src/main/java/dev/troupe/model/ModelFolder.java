package dev.troupe.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.model.gguf.GgufModel;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A model as it lies on disk: a Hugging Face folder, or a GGUF file.
 *
 * @param path the folder or the file
 * @param config its configuration
 * @param weights its tensors under their Hugging Face names, in the decoder's order; F32, F16 or BF16 as the file has
 *     them (quantised ones F32), mapped where the file holds them as they are
 */
public record ModelFolder(Path path, ModelConfig config, TensorSet weights) {
    private static final String CONFIG = "config.json";
    private static final String GENERATION = "generation_config.json";
    private static final String WEIGHTS = "model.safetensors";
    private static final String PICKLED_WEIGHTS = "pytorch_model.bin";
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Reads a folder's config.json and weights (one safetensors file or several with their index, else those of
     * torch.save), or a GGUF file, and checks one against the other; errors name the file and the reason. An adapter's
     * folder opens as the model it was made for with the adapter merged.
     */
    public static ModelFolder open(Path path) {
        return open(path, Set.of());
    }

    /**
     * As {@link #open(Path)}.
     *
     * @param ignoredKeys keys of its files that are read as if they were not there
     */
    public static ModelFolder open(Path path, Set<String> ignoredKeys) {
        if (AdapterFolder.is(path)) {
            AdapterFolder adapter = AdapterFolder.open(path, ignoredKeys);
            ModelFolder whole = open(adapter.basePath(), ignoredKeys).merged(adapter);
            return new ModelFolder(path, whole.config, whole.weights);
        }
        if (GgufModel.isGguf(path)) {
            GgufModel file = GgufModel.open(path, ignoredKeys);
            return checked(path, path, file.config(), file.weights());
        }
        ModelConfig config = config(path, ignoredKeys);
        Path file = path.resolve(WEIGHTS);
        Path index = path.resolve(ShardedWeights.INDEX);
        if (Files.exists(file)) {
            return checked(path, file, config, Safetensors.read(file));
        }
        if (Files.exists(index)) {
            return checked(path, index, config, ShardedWeights.read(index));
        }
        Path pickled = path.resolve(PICKLED_WEIGHTS);
        Path pickledIndex = path.resolve(ShardedWeights.PICKLED_INDEX);
        if (Files.exists(pickled)) {
            return checked(path, pickled, config, TorchFile.read(pickled));
        }
        if (Files.exists(pickledIndex)) {
            return checked(path, pickledIndex, config, ShardedWeights.read(pickledIndex));
        }
        throw new ModelException("model folder " + path + " has no " + WEIGHTS + ", no " + ShardedWeights.INDEX
                + " and no " + PICKLED_WEIGHTS);
    }

    /**
     * The configuration of a folder or GGUF file, or of the model that an adapter was made for, without the weights.
     */
    public static ModelConfig config(Path path) {
        return config(path, Set.of());
    }

    /**
     * As {@link #config(Path)}.
     *
     * @param ignoredKeys keys of its files that are read as if they were not there
     */
    public static ModelConfig config(Path path, Set<String> ignoredKeys) {
        if (AdapterFolder.is(path)) {
            AdapterFolder adapter = AdapterFolder.open(path, ignoredKeys);
            return config(adapter.basePath(), ignoredKeys).withScoreHead(adapter.scoreHead());
        }
        if (GgufModel.isGguf(path)) {
            return GgufModel.open(path, ignoredKeys).config();
        }
        if (!Files.isDirectory(path)) {
            throw new ModelException("no model folder " + path + " (expected a folder with " + CONFIG + " and "
                    + WEIGHTS + ", or a .gguf file)");
        }
        ModelConfig config = ModelConfig.read(path.resolve(CONFIG), ignoredKeys);
        List<Integer> ends = generationEnds(path.resolve(GENERATION));
        return ends.isEmpty() ? config : config.withEosIds(ends);
    }

    /** The end tokens that generation_config.json lists: where it does, they are the ones that end a text. */
    private static List<Integer> generationEnds(Path file) {
        List<Integer> ends = new ArrayList<>();
        if (Files.exists(file)) {
            try {
                JsonNode eos = JSON.readTree(Files.readAllBytes(file)).path("eos_token_id");
                for (JsonNode id : eos.isArray() ? eos : List.of(eos)) {
                    if (id.isInt()) {
                        ends.add(id.asInt());
                    } else if (!id.isNull() && !id.isMissingNode()) {
                        throw new ModelException(
                                file + ": eos_token_id = " + eos + ": expected a token id, or a list of them");
                    }
                }
            } catch (IOException e) {
                throw new ModelException("cannot read " + file + ": " + e.getMessage(), e);
            }
        }
        return ends;
    }

    private static ModelFolder checked(Path path, Path file, ModelConfig config, TensorSet read) {
        ModelConfig shape = config.tied() && hasOwnHead(read, config) ? config.withTied(false) : config;
        WeightLayout layout = new WeightLayout(shape);
        TensorSet weights = ordered(withEmbedding(read, shape), shape, layout);
        try {
            layout.check(weights);
        } catch (ModelException e) {
            throw new ModelException(file + ": " + e.getMessage(), e);
        }
        boolean normalised = shape.traits().normalisedHead() && !shape.scoreHead();
        return new ModelFolder(path, shape, normalised ? NormalisedHead.of(shape, weights) : weights);
    }

    /**
     * This model in fp32 with an adapter worked into its weights, and the adapter's score head if it has one; an error
     * names what does not fit, or says that the adapter was made for another base.
     */
    public ModelFolder merged(AdapterFolder adapter) {
        if (adapter.baseFingerprint() != null) {
            BaseFingerprint.require(adapter, path.toString(), BaseFingerprint.of(weights));
        }
        ModelFolder base = adapter.parts().in(this);
        ModelConfig shape = base.config.withScoreHead(adapter.scoreHead());
        TensorSet start = shape.scoreHead() && !config.scoreHead()
                ? ModelInit.withScoreHead(base.config, base.weights)
                : base.weights;
        TensorSet wide = HalfFloats.as(DataType.DATA_TYPE_F32, start);
        return new ModelFolder(path, shape, AdapterMerge.merge(shape, wide, adapter.config(), adapter.tensors()));
    }

    /** Where the tokenizer's files are: an adapter may leave them to its base. */
    private static Path tokenizerFolder(Path path) {
        boolean own = Files.exists(path.resolve("tokenizer.json")) || Files.exists(path.resolve("tokenizer.model"));
        return own || !AdapterFolder.is(path) ? path : tokenizerFolder(AdapterFolder.basePath(path));
    }

    /** Whether a head is stored beside the embedding and differs from it: then it counts, whatever the keys say. */
    /** A tied matrix may be stored under the head's name alone, as safetensors' save_model does. */
    private static TensorSet withEmbedding(TensorSet read, ModelConfig config) {
        String head = config.family().names().head() + ".weight";
        String embedding = config.family().names().embedding() + ".weight";
        if (!config.tied() || config.scoreHead() || read.contains(embedding) || !read.contains(head)) {
            return read;
        }
        Map<String, HostTensor> tensors = new LinkedHashMap<>(read.tensors());
        tensors.put(embedding, read.get(head));
        return TensorSet.of(tensors);
    }

    private static boolean hasOwnHead(TensorSet read, ModelConfig config) {
        String head = config.family().names().head() + ".weight";
        String embedding = config.family().names().embedding() + ".weight";
        if (config.scoreHead() || !read.contains(head) || !read.contains(embedding)) {
            return false;
        }
        HostTensor a = read.get(head);
        HostTensor b = read.get(embedding);
        return a.dtype() != b.dtype() || !a.data().equals(b.data());
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
            boolean copy = name.equals(config.family().names().head() + ".weight") && config.tied();
            if (!copy && !name.endsWith(".rotary_emb.inv_freq")) {
                tensors.putIfAbsent(name, read.get(name));
            }
        }
        return TensorSet.of(tensors);
    }

    /** The tokenizer of the model; an error when it has none, or one with more tokens than the embedding has rows. */
    public Tokenizer tokenizer() {
        return tokenizer(ChatFormat.OWN);
    }

    /** As above, with dialogues written in a format. */
    public Tokenizer tokenizer(ChatFormat format) {
        Tokenizer tokenizer = Tokenizer.open(tokenizerFolder(path), format);
        if (tokenizer.vocabularySize() > config.vocabulary()) {
            int size = tokenizer.vocabularySize();
            tokenizer.close();
            throw new ModelException("the tokenizer of " + path + " has " + size + " tokens, the model's embedding "
                    + config.vocabulary() + " rows: expected the tokenizer that the model was trained with, or an"
                    + " embedding resized to it");
        }
        int end = tokenizer.eosId();
        if (end >= 0 && !config.eosIds().isEmpty() && !config.eosIds().contains(end)) {
            TokenizerSettings.say(path + ": the tokenizer ends a text with token " + end + ", the model with "
                    + config.eosIds() + ": texts are trained with the first, answers end at the others (eos_token_id in"
                    + " generation_config.json can list all)");
        }
        return tokenizer;
    }

    /**
     * Writes a model folder that transformers loads, its tokenizer taken from a folder or GGUF file unless that is
     * null. The weights must be the configuration's; they are written in the type they have, which must be one.
     */
    public static void save(Path path, ModelConfig config, TensorSet weights, @Nullable Path tokenizerFrom) {
        new WeightLayout(config).check(weights);
        DataType dtype = weights.tensors().values().iterator().next().dtype();
        weights.tensors().forEach((name, tensor) -> {
            if (tensor.dtype() != dtype) {
                throw new ModelException("tensor " + name + " is " + tensor.dtype() + " where others are " + dtype
                        + ": a folder is written in one type");
            }
        });
        try {
            Files.createDirectories(path);
            Files.writeString(path.resolve(CONFIG), config.toJson(dtype));
            Safetensors.write(path.resolve(WEIGHTS), weights);
        } catch (IOException e) {
            throw new ModelException("cannot write model folder " + path + ": " + e, e);
        }
        if (tokenizerFrom != null) {
            copyTokenizer(tokenizerFrom, path);
        }
    }

    /** Copies what there is of a model's tokenizer into another folder. */
    static void copyTokenizer(Path model, Path to) {
        Path from = tokenizerFolder(model);
        try {
            TokenizerFiles.copy(from, to);
        } catch (IOException e) {
            throw new ModelException("cannot copy the tokenizer of " + from + " to " + to + ": " + e, e);
        }
    }
}
