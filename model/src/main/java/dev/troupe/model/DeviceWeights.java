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

/** The weights of one decoder as tensors on the device, in the places where the script looks for them. */
final class DeviceWeights implements AutoCloseable {
    private final NDManager manager = Libtorch.scope();
    private final WeightLayout layout;
    private final Script script;
    private final NDList leaves = new NDList();
    private final TensorList leafList;
    private final TensorList slots;

    DeviceWeights(ModelConfig config, TensorSet weights, Script script) {
        this.layout = new WeightLayout(config);
        this.script = script;
        layout.check(weights);
        for (WeightLayout.Leaf leaf : layout.leaves()) {
            leaves.add(manager.zeros(new Shape(leaf.shape()), DataType.FLOAT32));
        }
        NDList all = inSlots(leaves);
        all.set(WeightLayout.ROPE_SLOT, manager.create(config.rope().inverseFrequencies(config.headDim())));
        this.leafList = TensorList.of(leaves);
        this.slots = TensorList.of(all);
        assign(weights);
    }

    /** Every slot of the script. */
    TensorList slots() {
        return slots;
    }

    /** The tensors that are weights. */
    NDList leaves() {
        return leaves;
    }

    TensorList leafList() {
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

    List<String> names() {
        return layout.leaves().stream().map(WeightLayout.Leaf::name).toList();
    }

    /** Checks, then copies into the live tensors. */
    void assign(TensorSet weights) {
        layout.check(weights);
        try (NDManager scope = Libtorch.scope()) {
            NDList fresh = new NDList();
            for (WeightLayout.Leaf leaf : layout.leaves()) {
                fresh.add(scope.create(layout.fuse(leaf, weights), new Shape(leaf.shape()), DataType.FLOAT32));
            }
            script.run("assign", leafList, fresh);
        }
    }

    TensorSet export() {
        return split(leaves);
    }

    /** Tensors shaped as the leaves are, under their Hugging Face names. */
    TensorSet split(NDList like) {
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
        manager.close();
    }
}
