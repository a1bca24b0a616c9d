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

    /** {@link TensorSet#sha256()} of {@link #export()}. */
    default String sha256() {
        return export().sha256();
    }

    /** As {@link #sha256()}; not counted again where the live numbers are this set's, byte by byte. */
    default String sha256(TensorSet likely) {
        TensorSet now = export();
        return now.equals(likely) ? likely.sha256() : now.sha256();
    }

    @Override
    void close();
}
