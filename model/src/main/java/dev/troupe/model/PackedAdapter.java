package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.troupe.proto.TensorSet;

/**
 * An adapter for generation: over matrices of its base that all engines share, packed where that helps, and with the
 * scale worked into B, which is read for each token and changes only when the adapter does.
 */
final class PackedAdapter implements PlacedWeights {
    private final AdapterWeights adapter;
    private final Script script;
    private final NDManager manager = Libtorch.scope();
    private final TensorList scaled;
    private final TensorList plain;
    private final TensorList scales;
    private final TensorList slots;

    /** @param rows that an engine decodes at a time */
    PackedAdapter(AdaptedModel form, TensorSet tensors, Script script, int rows) {
        FrozenBase base = form.base();
        this.script = script;
        this.adapter = new AdapterWeights(base, form.config(), form.adapter(), tensors, script);
        NDList all = new NDList(adapter.places());
        NDList packed = base.packed(script, rows);
        int stretch = packed.size();
        NDList made = new NDList();
        NDList given = new NDList();
        NDList factors = new NDList();
        for (int i = 0; i < stretch; i++) {
            all.set(i, packed.get(i));
            NDArray b = all.get(AdapterLayout.B * stretch + i);
            if (b.size() > 0) {
                NDArray product = manager.zeros(b.getShape());
                made.add(product);
                given.add(b);
                factors.add(all.get(AdapterLayout.SCALE * stretch + i));
                all.set(AdapterLayout.B * stretch + i, product);
                all.set(AdapterLayout.SCALE * stretch + i, base.absent());
            }
        }
        this.scaled = TensorList.of(made);
        this.plain = TensorList.of(given);
        this.scales = TensorList.of(factors);
        this.slots = TensorList.of(all);
        scale();
    }

    private void scale() {
        script.run("scaled_b", scaled, plain, scales);
    }

    @Override
    public TensorList slots() {
        return slots;
    }

    @Override
    public void assign(TensorSet set) {
        adapter.assign(set);
        scale();
    }

    @Override
    public TensorSet export() {
        return adapter.export();
    }

    @Override
    public void close() {
        slots.close();
        scales.close();
        plain.close();
        scaled.close();
        adapter.close();
        manager.close();
    }
}
