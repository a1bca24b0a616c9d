package dev.troupe.model;

import dev.troupe.proto.TensorSet;

/** Tensors on the device in the places where the script looks for them, under names for those that can change. */
interface PlacedWeights extends AutoCloseable {
    /** Everything the script looks for; maybe another list after {@link #assign}. */
    TensorList slots();

    /** Checks names and shapes, then puts these tensors in place of the live ones. */
    void assign(TensorSet set);

    /** The named tensors, a copy. */
    TensorSet export();

    /** {@link TensorSet#fingerprint()} of {@link #export()}. */
    default String fingerprint() {
        return export().fingerprint();
    }

    @Override
    void close();
}
