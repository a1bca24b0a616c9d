package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.troupe.proto.TensorSet;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** An adapter's tensors on the device, in one list for the script with those of the base they stand on. */
final class AdapterWeights implements LiveWeights {
    private static final int PLAIN_STRETCHES = 4;
    /** What the script's arithmetic on a double has room for. */
    private static final long SEED_BITS = (1L << 40) - 1;

    private final NDManager manager = Libtorch.scope();
    private final AdapterLayout layout;
    private final Script script;
    private final NDList leaves = new NDList();
    private final NDArray drop;
    private final NDArray head;
    private final NDArray absent;
    private final NDList places;
    private final int stretch;
    private final TensorList leafList;
    private final TensorList slots;
    private final TensorList dropping;

    AdapterWeights(FrozenBase base, ModelConfig model, AdapterConfig adapter, TensorSet tensors, Script script) {
        this.layout = new AdapterLayout(model, adapter);
        this.script = script;
        layout.check(tensors);
        this.stretch = new WeightLayout(base.config()).slots();
        NDList all = new NDList(base.places());
        while (all.size() < PLAIN_STRETCHES * stretch) {
            all.add(base.absent());
        }
        for (AdapterLayout.Leaf leaf : layout.leaves()) {
            NDArray tensor = manager.zeros(new Shape(leaf.shape()), DataType.FLOAT32);
            leaves.add(tensor);
            all.set(leaf.stretch() * stretch + leaf.slot(), tensor);
        }
        scales(all);
        this.head = all.get(WeightLayout.HEAD_SLOT);
        this.absent = base.absent();
        this.places = all;
        this.leafList = TensorList.of(leaves);
        this.slots = TensorList.of(all);
        this.drop = manager.create(new double[] {adapter.dropout(), 0});
        NDList withDrop = new NDList(all);
        withDrop.add(drop);
        this.dropping = TensorList.of(withDrop);
        assign(tensors);
    }

    /** Matrices alike share the tensor that B is multiplied by. */
    private void scales(NDList all) {
        List<float[][]> values = new ArrayList<>();
        List<NDArray> made = new ArrayList<>();
        layout.scales().forEach((slot, rows) -> {
            int known = 0;
            while (known < values.size() && !Arrays.deepEquals(values.get(known), rows)) {
                known++;
            }
            if (known == values.size()) {
                values.add(rows);
                made.add(manager.create(rows));
            }
            all.set(AdapterLayout.SCALE * stretch + slot, made.get(known));
        });
    }

    @Override
    public TensorList slots() {
        return slots;
    }

    /** The tensors of {@link #slots()}. */
    NDList places() {
        return places;
    }

    /** As {@link #slots()}, with a share of the adapter's inputs dropped, which ones after the seed. */
    TensorList dropping(double share, long seed) {
        drop.set(new double[] {share, seed & SEED_BITS});
        return dropping;
    }

    @Override
    public NDList leaves() {
        return leaves;
    }

    @Override
    public TensorList leafList() {
        return leafList;
    }

    @Override
    public List<String> names() {
        return layout.leaves().stream().map(AdapterLayout.Leaf::name).toList();
    }

    @Override
    public void assign(TensorSet set) {
        layout.check(set);
        try (NDManager scope = Libtorch.scope()) {
            NDList fresh = new NDList();
            for (AdapterLayout.Leaf leaf : layout.leaves()) {
                fresh.add(scope.create(layout.fuse(leaf, set), new Shape(leaf.shape()), DataType.FLOAT32));
            }
            put(fresh);
        }
    }

    @Override
    public void put(NDList fresh) {
        script.run("assign", leafList, fresh);
    }

    /** One tensor a leaf in the script's places, empty ones elsewhere. */
    NDList inPlaces(NDList perLeaf) {
        NDList all = new NDList();
        for (int i = 0; i < places.size(); i++) {
            all.add(absent);
        }
        for (int i = 0; i < perLeaf.size(); i++) {
            AdapterLayout.Leaf leaf = layout.leaves().get(i);
            all.set(leaf.stretch() * stretch + leaf.slot(), perLeaf.get(i));
        }
        return all;
    }

    /** The head's gradient among those of the leaves, or an empty tensor without a head of its own. */
    NDArray headGradient(NDList gradients) {
        for (int i = 0; i < gradients.size(); i++) {
            if (layout.leaves().get(i).stretch() == 0) {
                return gradients.get(i);
            }
        }
        return absent;
    }

    /** The head that decodes: its own, or the base's. */
    NDArray head() {
        return head;
    }

    @Override
    public TensorSet export() {
        return split(leaves);
    }

    @Override
    public TensorSet split(NDList like) {
        List<ByteBuffer> bytes = new ArrayList<>();
        for (NDArray array : like) {
            bytes.add(array.toByteBuffer());
        }
        return layout.split(bytes);
    }

    @Override
    public void close() {
        leafList.close();
        slots.close();
        dropping.close();
        manager.close();
    }
}
