package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Looks at the numbers of tensors, however they are stored, one tensor at a time; a copy is made only where needed. */
final class HostView implements WeightLayout.LeafBytes, AutoCloseable {
    private final Script script;
    private final NDList tensors;
    /** Of one tensor: its plain form, and what brought it here from another device. */
    private @Nullable NDManager scope;

    private @Nullable NDArray plain;
    private int which = -1;

    /** @param script with linear.py */
    HostView(Script script, NDList tensors) {
        this.script = script;
        this.tensors = tensors;
    }

    @Override
    public ByteBuffer rows(int leaf, int row, int rows) {
        NDArray whole = plain(leaf);
        boolean all = rows == whole.getShape().get(0);
        NDArray some = all ? whole : whole.get(new NDIndex("{}:{}", row, row + rows));
        return some.toByteBuffer(true).order(ByteOrder.nativeOrder());
    }

    private NDArray plain(int leaf) {
        NDArray held = plain;
        if (held == null || leaf != which) {
            close();
            NDManager fresh = Libtorch.scope();
            scope = fresh;
            held = script.tensor(fresh, "plain", tensors.get(leaf));
            plain = held;
            which = leaf;
        }
        return held;
    }

    @Override
    public void close() {
        if (scope != null) {
            scope.close();
        }
    }
}
