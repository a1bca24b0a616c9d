package dev.troupe.model;

import ai.djl.ndarray.NDList;
import dev.troupe.proto.TensorSet;
import java.util.List;

/** Weights that can be trained where they lie. */
interface LiveWeights extends PlacedWeights {
    /** The tensors that can change; some hold several of the named tensors fused. */
    NDList leaves();

    /** {@link #leaves()} as a list for scripts. */
    TensorList leafList();

    /** Names of {@link #leaves()}. */
    List<String> names();

    /** Copies fp32 numbers, in the order of {@link #leaves()}, rounded to the live tensors' format. */
    void put(NDList fresh);

    /** Tensors shaped as the leaves are, under the names of {@link #export()}. */
    TensorSet split(NDList like);
}
