package dev.troupe.model;

import ai.djl.ndarray.NDList;
import dev.troupe.proto.TensorSet;
import java.util.List;
import java.util.Map;

/** A base with its adapters off: nothing can change. */
record NoLiveWeights(FrozenBase base) implements LiveWeights {
    @Override
    public TensorList slots() {
        return base.slots();
    }

    @Override
    public NDList leaves() {
        return new NDList();
    }

    @Override
    public TensorList leafList() {
        throw new IllegalStateException("the frozen base " + base.name() + " has nothing that changes");
    }

    @Override
    public List<String> names() {
        return List.of();
    }

    @Override
    public void assign(TensorSet set) {
        throw new IllegalStateException("the frozen base " + base.name() + " cannot be given other weights");
    }

    @Override
    public void put(NDList fresh) {
        assign(export());
    }

    @Override
    public TensorSet export() {
        return TensorSet.of(Map.of());
    }

    @Override
    public TensorSet split(NDList like) {
        return export();
    }

    @Override
    public void close() {
        // The base is closed by whoever loaded it.
    }
}
