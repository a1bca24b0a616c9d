package dev.troupe.model;

import dev.troupe.proto.TensorSet;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The set is all weights of a model.
 *
 * @param config its shape
 * @param numerics how it computes
 */
public record WholeModel(ModelConfig config, Numerics numerics) implements ModelForm {
    /** In single precision. */
    public WholeModel(ModelConfig config) {
        this(config, Numerics.FP32);
    }

    /**
     * Refuses a shape that cannot be trained whole: versions of its weights travel in fp32, each tensor in a buffer of
     * at most 2 GB. It may be scored, sampled from, and trained with adapters.
     *
     * @throws ModelException that names the tensor
     */
    public static void requireTravels(ModelConfig config) {
        new WeightLayout(config).requireTravels();
    }

    @Override
    public Decoder decoder(TensorSet tensors, boolean trainable) {
        return Decoder.load(config, tensors, trainable, numerics);
    }

    @Override
    public DecodeEngine engine(TensorSet tensors, int slots, int length, SamplingConfig sampling) {
        return DecodeEngine.open(config, tensors, slots, length, sampling, numerics.dtype());
    }

    @Override
    public TensorSet read(Path folder) {
        return ModelFolder.open(folder).weights();
    }

    @Override
    public void save(Path folder, TensorSet tensors, @Nullable Path tokenizerFrom) {
        ModelFolder.save(folder, config, tensors, tokenizerFrom);
    }
}
