package dev.troupe.model;

import dev.troupe.proto.TensorSet;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A Hugging Face model folder.
 *
 * @param path where it is
 * @param config its config.json
 * @param weights its tensors under their Hugging Face names
 */
public record ModelFolder(Path path, ModelConfig config, TensorSet weights) {

    /** Reads config.json and model.safetensors; errors name the file and the reason. */
    public static ModelFolder open(Path path) {
        throw new UnsupportedOperationException();
    }

    /** The tokenizer of the folder; an error when it has none. */
    public Tokenizer tokenizer() {
        throw new UnsupportedOperationException();
    }

    /** Writes a model folder, its tokenizer files copied from another folder unless that is null. */
    public static void save(Path path, ModelConfig config, TensorSet weights, @Nullable Path tokenizerFrom) {
        throw new UnsupportedOperationException();
    }
}
