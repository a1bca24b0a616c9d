package dev.troupe.deploy.settings;

import dev.troupe.model.AdaptedModel;
import dev.troupe.model.AdapterConfig;
import dev.troupe.model.Dtype;
import dev.troupe.model.FrozenBase;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelSettings;
import dev.troupe.model.Numerics;

/**
 * What an adapter over a frozen base needs in memory, in bytes.
 *
 * @param model shape of the base
 * @param numerics number format of a base that is not quantised, and what is kept for the backward pass
 * @param adapter its numbers
 * @param quantised whether the layers' matrices are in four bits
 */
record AdapterMemory(ModelConfig model, Numerics numerics, AdapterConfig adapter, boolean quantised) {
    /** Four bits a number, eight for the magnitude of 64, and for each 256 of those a scale, an offset and a length. */
    private static final double NF4_BYTES = 0.5 + 1.0 / 64 + 16.0 / (64 * 256);

    static AdapterMemory of(ModelConfig model, ModelSettings settings) {
        settings.adapter().requireFits(model);
        boolean quantised = settings.mode() == ModelSettings.Mode.QLORA;
        Dtype dtype = quantised ? Dtype.FP32 : settings.numerics().dtype();
        FrozenBase.Storage plain = dtype == Dtype.BF16 ? FrozenBase.Storage.BF16 : FrozenBase.Storage.FP32;
        boolean again = settings.numerics().gradientCheckpointing()
                || AdaptedModel.recomputes(model, settings.adapter(), quantised ? FrozenBase.Storage.NF4 : plain);
        return new AdapterMemory(model, new Numerics(dtype, again), settings.adapter(), quantised);
    }

    private ModelMemory whole() {
        return new ModelMemory(model, numerics);
    }

    /** The base, shared by those that stand on it. */
    long base() {
        return base(whole(), quantised);
    }

    /** A model's weights, or those with the layers' matrices in four bits. */
    static long base(ModelMemory whole, boolean quantised) {
        ModelConfig model = whole.model();
        long embeddings = (long) model.vocabulary() * model.hidden() * (model.tied() || model.scoreHead() ? 1 : 2);
        long layers = whole.parameters() - embeddings;
        return quantised ? (long) (layers * NF4_BYTES) + embeddings * Float.BYTES : whole.weights();
    }

    /** Layers and head a second time, for the engines of a process to share, where the base is in bf16. */
    long packed() {
        return numerics.dtype() == Dtype.BF16 ? whole().packed() : 0;
    }

    /** The adapter's own numbers. */
    long adapted() {
        return adapter.parameters(model) * Float.BYTES;
    }

    /**
     * Gradients and AdamW's two moments of the adapter.
     *
     * @param held whether all but the gradients exists a second time
     */
    long optimizer(boolean held) {
        return adapted() * (held ? 6 : 3);
    }

    /** As {@link ModelMemory#trained}. */
    long trained(long rows, long length) {
        return whole().trained(rows, length);
    }

    /** As {@link ModelMemory#scored}. */
    long scored(long rows, long length) {
        return whole().scored(rows, length);
    }

    /** As {@link ModelMemory#cache}. */
    long cache(int slots, int length) {
        return whole().cache(slots, length);
    }
}
