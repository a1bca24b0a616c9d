package dev.troupe.model;

import dev.troupe.model.AdapterTensors.Kind;
import dev.troupe.model.AdapterTensors.Part;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An adapter's folder as peft writes and reads it.
 *
 * @param path where it is
 * @param base {@code base_model_name_or_path}: the model it was made for
 * @param config numbers of the low-rank matrices that stay apart
 * @param scoreHead whether a score head of one output came with it
 * @param tensors the low-rank matrices of the layers and the score head, under the names of peft's files
 * @param parts what else it changes of its base
 * @param baseFingerprint names the numbers of the base it was made for, null when the folder does not say
 */
public record AdapterFolder(
        Path path,
        String base,
        AdapterConfig config,
        boolean scoreHead,
        TensorSet tensors,
        AdapterParts parts,
        @Nullable String baseFingerprint) {
    /** The file that makes a folder an adapter's. */
    public static final String CONFIG = "adapter_config.json";

    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final String PICKLED_WEIGHTS = "adapter_model.bin";

    /** An adapter that changes the linear maps of the layers alone, for a base without a fingerprint. */
    public AdapterFolder(Path path, String base, AdapterConfig config, boolean scoreHead, TensorSet tensors) {
        this(
                path,
                base,
                config,
                scoreHead,
                tensors,
                AdapterParts.none(path.resolve(CONFIG).toString(), config, scoreHead),
                null);
    }

    /** Whether a folder is an adapter's. */
    public static boolean is(Path path) {
        return Files.isRegularFile(path.resolve(CONFIG));
    }

    /**
     * Where the model is that the adapter was made for; an error names the folders that were looked for, or the circle
     * of adapters that stand on each other.
     */
    public Path basePath() {
        return AdapterOrigin.of(path, base);
    }

    /** {@link #basePath()} of a folder, whatever else its configuration says. */
    static Path basePath(Path path) {
        return AdapterOrigin.of(path, AdapterConfigFile.base(path.resolve(CONFIG)));
    }

    /**
     * Whether low-rank matrices of the layers are left to stand beside a base once the other parts are worked into it;
     * if not, the adapter is worked in whole ({@link ModelFolder#merged}).
     */
    public boolean isLowRank() {
        return tensors.size() > 0;
    }

    /**
     * Whether a base serves the adapter as it is, also with others on it: the adapter changes nothing but the linear
     * maps of the layers, and the head that scores. An error names what does not fit.
     */
    public boolean sharesBase(ModelFolder model) {
        return isLowRank() && parts.in(model) == model;
    }

    /** Reads adapter_config.json and the tensors; errors name the file and the key or tensor. */
    public static AdapterFolder open(Path path) {
        return open(path, Set.of());
    }

    /**
     * As {@link #open(Path)}.
     *
     * @param ignoredKeys keys of adapter_config.json that are read as if they were not there
     */
    public static AdapterFolder open(Path path, Set<String> ignoredKeys) {
        Path file = path.resolve(CONFIG);
        if (!Files.isRegularFile(file)) {
            throw new ModelException(
                    "no adapter folder " + path + " (expected a folder with " + CONFIG + " and " + WEIGHTS + ")");
        }
        AdapterConfigFile read = AdapterConfigFile.open(file, ignoredKeys);
        AdapterConfig config = read.config();
        AdapterExtras extras = read.extras();
        Path weights = weights(path);
        Map<String, HostTensor> live = new LinkedHashMap<>();
        Map<Part, HostTensor> others = new LinkedHashMap<>();
        AdapterTensors.read(tensors(weights), weights.toString()).forEach((part, tensor) -> {
            if (staysApart(part, extras)) {
                live.put(part.fileName(), tensor);
            } else {
                others.put(part, tensor);
            }
        });
        if (live.isEmpty() && others.isEmpty()) {
            throw new ModelException(weights + " holds no tensors: expected those of an adapter");
        }
        return new AdapterFolder(
                path,
                read.base(),
                extras.dora() ? config.of(AdapterTargets.NONE) : config,
                extras.scoreHead(),
                TensorSet.of(live),
                new AdapterParts(weights.toString(), config, extras, others),
                BaseFingerprint.read(path));
    }

    private static boolean staysApart(Part part, AdapterExtras extras) {
        boolean lowRank = part.kind() == Kind.A || part.kind() == Kind.B;
        boolean score = part.kind() == Kind.WHOLE && part.fileName().equals(AdapterLayout.SCORE);
        return lowRank && part.isInLayer() && !extras.dora() || score && extras.scoreHead();
    }

    private static Path weights(Path path) {
        Path pickled = path.resolve(PICKLED_WEIGHTS);
        Path mapped = path.resolve(WEIGHTS);
        return !Files.exists(mapped) && Files.exists(pickled) ? pickled : mapped;
    }

    private static TensorSet tensors(Path file) {
        return file.endsWith(PICKLED_WEIGHTS) ? TorchFile.read(file) : Safetensors.read(file);
    }

    /** Writes the folder; the same bytes for equal adapters. */
    public void save() {
        Map<String, HostTensor> all = new LinkedHashMap<>(tensors.tensors());
        parts.tensors().forEach((part, tensor) -> all.put(part.fileName(), tensor));
        try {
            Files.createDirectories(path);
            Files.writeString(path.resolve(CONFIG), new AdapterConfigWriter(parts.config(), parts.extras()).text(base));
            if (baseFingerprint != null) {
                BaseFingerprint.write(path, baseFingerprint);
            }
        } catch (IOException e) {
            throw new ModelException("cannot write adapter folder " + path + ": " + e, e);
        }
        Safetensors.write(path.resolve(WEIGHTS), TensorSet.of(all));
    }
}
