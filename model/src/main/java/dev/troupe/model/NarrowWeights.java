package dev.troupe.model;

import dev.troupe.proto.TensorSet;

/**
 * The weights of a small decoder for generation: beside the tensors themselves, which are what is exported and hashed,
 * the ones made of them that narrow.py works on.
 */
final class NarrowWeights implements PlacedWeights {
    /** Layers of at most this width are so small that calls cost more than numbers. */
    private static final int WIDEST = 256;

    private final DeviceWeights plain;
    private final Script script;
    private final int[] dims;
    private final double[] numbers;
    private TensorList made;

    /** @param script with narrow.py */
    NarrowWeights(ModelConfig config, TensorSet weights, Script script) {
        this.script = script;
        this.dims = config.dims();
        this.numbers = config.numbers();
        this.plain = new DeviceWeights(config, weights, script, Dtype.FP32, false);
        this.made = make();
    }

    /** Whether layers are this small. */
    static boolean isNarrow(ModelConfig config) {
        return config.hidden() <= WIDEST;
    }

    /** Whether narrow.py can compute this model. */
    static boolean suits(ModelConfig config, Dtype dtype) {
        return isNarrow(config) && dtype == Dtype.FP32 && config.isPlain();
    }

    private TensorList make() {
        return script.inferred("narrowed_list", plain.slots(), dims, numbers);
    }

    @Override
    public TensorList slots() {
        return made;
    }

    @Override
    public void assign(TensorSet set) {
        plain.assign(set);
        made.close();
        made = make();
    }

    @Override
    public TensorSet export() {
        return plain.export();
    }

    @Override
    public String fingerprint() {
        return plain.fingerprint();
    }

    @Override
    public void close() {
        made.close();
        plain.close();
    }
}
