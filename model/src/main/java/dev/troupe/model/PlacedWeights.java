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

    /** What to tell of a draw that failed: of weights that are no numbers the tensor says more than the operation. */
    default ModelException explained(ModelException failure) {
        TensorSet live = export();
        for (String name : live.names()) {
            for (float number : HalfFloats.floats(live.get(name))) {
                if (!Float.isFinite(number)) {
                    return new ModelException(
                            "tensor " + name + " holds " + number + ": nothing can be drawn from such a model",
                            failure);
                }
            }
        }
        return failure;
    }

    @Override
    void close();
}
