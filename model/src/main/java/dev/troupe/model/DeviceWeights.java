package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.troupe.proto.TensorSet;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The weights of one decoder as tensors on the device, in the places where the script looks for them. */
final class DeviceWeights implements LiveWeights {
    private final NDManager manager = Libtorch.scope();
    private final WeightLayout layout;
    private final Script script;
    private final NDList leaves = new NDList();
    /**
     * Of each leaf, to read and write without a call of libtorch; null where Java cannot. So a leaf's numbers may be
     * written over, by a script too, but never be replaced by another tensor.
     */
    private final List<@Nullable ByteBuffer> memory = new ArrayList<>();

    private final TensorList leafList;
    private final TensorList slots;
    private final NDList all;
    private final boolean rounded;

    /**
     * @param dtype of the matrices; vectors are in fp32
     * @param narrow whether bf16 takes two bytes a number, or stands rounded in fp32, which autograd differentiates in
     */
    DeviceWeights(ModelConfig config, TensorSet weights, Script script, Dtype dtype, boolean narrow) {
        this.layout = new WeightLayout(config);
        this.script = script;
        this.rounded = dtype == Dtype.BF16;
        layout.check(weights);
        for (WeightLayout.Leaf leaf : layout.leaves()) {
            NDArray made = manager.zeros(new Shape(leaf.shape()), DataType.FLOAT32);
            if (rounded && narrow && leaf.shape().length > 1) {
                try (NDArray wide = made) {
                    made = script.tensor(manager, "narrowed", wide);
                }
            }
            leaves.add(made);
            boolean direct = Libtorch.device().sharesMemory() && made.getDataType() == DataType.FLOAT32;
            memory.add(direct && made.size() * Float.BYTES <= Integer.MAX_VALUE ? Device.bytes(made) : null);
        }
        this.all = inSlots(leaves);
        all.set(WeightLayout.ROPE_SLOT, WeightLayout.rope(manager, config));
        this.leafList = TensorList.of(leaves);
        this.slots = TensorList.of(all);
        assign(weights);
    }

    @Override
    public TensorList slots() {
        return slots;
    }

    /** The tensor in a place of the script. */
    NDArray slot(int place) {
        return all.get(place);
    }

    @Override
    public NDList leaves() {
        return leaves;
    }

    @Override
    public TensorList leafList() {
        return leafList;
    }

    /**
     * One tensor a leaf in the script's slots: those that are no leaf hold an empty one, a tied head the embedding's.
     */
    NDList inSlots(NDList perLeaf) {
        NDArray[] places = new NDArray[layout.slots()];
        for (int i = 0; i < perLeaf.size(); i++) {
            places[layout.leaves().get(i).slot()] = perLeaf.get(i);
        }
        if (places[WeightLayout.HEAD_SLOT] == null) {
            places[WeightLayout.HEAD_SLOT] = places[0];
        }
        NDArray absent = manager.create(new Shape(0), DataType.FLOAT32);
        NDList all = new NDList();
        for (NDArray place : places) {
            all.add(place == null ? absent : place);
        }
        return all;
    }

    @Override
    public List<String> names() {
        return layout.leaves().stream().map(WeightLayout.Leaf::name).toList();
    }

    @Override
    public void assign(TensorSet weights) {
        layout.check(weights);
        for (int i = 0; i < leaves.size(); i++) {
            WeightLayout.Leaf leaf = layout.leaves().get(i);
            if (!rounded && Libtorch.device().sharesMemory()) {
                fill(i, WeightLayout.rows(leaf, weights));
                continue;
            }
            try (NDArray fresh = WeightLayout.fused(manager, leaf, weights)) {
                put(new NDList(leaves.get(i)), new NDList(fresh));
            }
        }
    }

    private void fill(int leaf, Device.Rows rows) {
        ByteBuffer bytes = memory.get(leaf);
        if (bytes == null) {
            Libtorch.device().fill(leaves.get(leaf), rows);
        } else {
            rows.write(bytes, 0, Math.toIntExact(layout.leaves().get(leaf).shape()[0]));
        }
    }

    @Override
    public void put(NDList fresh) {
        put(leaves, fresh);
    }

    private void put(NDList live, NDList fresh) {
        script.run(rounded ? "assign_rounded" : "assign", live, fresh);
    }

    @Override
    public TensorSet export() {
        try (HostView view = new HostView(script, leaves, memory)) {
            return layout.split(view);
        }
    }

    @Override
    public TensorSet split(NDList like) {
        try (HostView view = new HostView(script, like)) {
            return layout.split(view);
        }
    }

    @Override
    public String fingerprint() {
        try (HostView view = new HostView(script, leaves, memory)) {
            return layout.fingerprint(view);
        }
    }

    @Override
    public void close() {
        memory.clear();
        leafList.close();
        slots.close();
        manager.close();
    }
}
