package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.troupe.proto.TensorSet;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The weights of one decoder for generation, which reads all of them for each token: large matrices lie as oneDNN wants
 * them for that many rows. In bf16 they are held as such where the processor computes in it; elsewhere with the same
 * numbers in fp32, for widening them at each step takes longer than the products do.
 */
final class PackedWeights implements PlacedWeights {
    /** Smaller matrices stay in the cache anyway, and oneDNN's call costs more than libtorch's own. */
    private static final long LARGE = 1 << 17;

    private final NDManager manager = Libtorch.scope();
    private final WeightLayout layout;
    private final Script script;
    private final Dtype dtype;
    private final int rows;
    private final NDList leaves = new NDList();
    private final NDArray[] places;
    private TensorList slots;
    private @Nullable NDArray tiedHead;

    PackedWeights(ModelConfig config, TensorSet weights, Script script, Dtype dtype, int rows) {
        this.layout = new WeightLayout(config);
        this.script = script;
        this.dtype = dtype;
        this.rows = rows;
        this.places = new NDArray[layout.slots()];
        Arrays.fill(places, manager.create(new Shape(0), DataType.FLOAT32));
        places[WeightLayout.ROPE_SLOT] = WeightLayout.rope(manager, config);
        this.slots = TensorList.of(new NDList(places));
        assign(weights);
    }

    @Override
    public TensorList slots() {
        return slots;
    }

    /** One after another: there is no room for both. */
    @Override
    public void assign(TensorSet weights) {
        layout.check(weights);
        slots.close();
        for (int i = 0; i < layout.leaves().size(); i++) {
            WeightLayout.Leaf leaf = layout.leaves().get(i);
            if (i < leaves.size()) {
                leaves.get(i).close();
            }
            NDArray fresh = WeightLayout.fused(manager, leaf, weights);
            NDArray placed = placed(leaf, fresh);
            if (leaf.slot() == 0) {
                tiedHead(leaf, fresh, placed);
            }
            if (placed != fresh) {
                fresh.close();
            }
            if (i < leaves.size()) {
                leaves.set(i, placed);
            } else {
                leaves.add(placed);
            }
            places[leaf.slot()] = placed;
        }
        slots = TensorList.of(new NDList(places));
    }

    private NDArray placed(WeightLayout.Leaf leaf, NDArray fresh) {
        if (leaf.shape().length == 1) {
            return fresh;
        }
        if (leaf.slot() != 0 && packable(fresh)) {
            return packed(fresh);
        }
        return dtype == Dtype.BF16 ? script.tensor(manager, "narrowed", fresh) : fresh;
    }

    /** The embedding is read a row at a time and serves as the head as well: packed a second time if it is large. */
    private void tiedHead(WeightLayout.Leaf embedding, NDArray fresh, NDArray placed) {
        if (layout.leaves().stream().anyMatch(l -> l.slot() == WeightLayout.HEAD_SLOT)) {
            return;
        }
        if (tiedHead != null) {
            tiedHead.close();
        }
        tiedHead = packable(fresh) ? packed(fresh) : null;
        places[WeightLayout.HEAD_SLOT] = tiedHead == null ? placed : tiedHead;
    }

    /** Whether a product with this tensor is faster once it is packed. */
    static boolean packable(NDArray tensor) {
        return Libtorch.device().packsMatrices() && tensor.getShape().dimension() == 2 && tensor.size() >= LARGE;
    }

    private NDArray packed(NDArray matrix) {
        return packed(script, manager, matrix, rows, dtype == Dtype.BF16);
    }

    /**
     * A copy as oneDNN wants it.
     *
     * @param script decode.py
     * @param rows of the products to come
     * @param rounded whether the numbers are those of bf16
     */
    static NDArray packed(Script script, NDManager manager, NDArray matrix, int rows, boolean rounded) {
        boolean narrow = Libtorch.device().computesInBf16();
        return script.tensor(manager, "pack", matrix, rows, rounded, narrow);
    }

    @Override
    public TensorSet export() {
        try (HostView view = new HostView(script, leaves)) {
            return layout.split(view);
        }
    }

    @Override
    public String fingerprint() {
        try (HostView view = new HostView(script, leaves)) {
            return layout.fingerprint(view);
        }
    }

    @Override
    public void close() {
        slots.close();
        manager.close();
    }
}
