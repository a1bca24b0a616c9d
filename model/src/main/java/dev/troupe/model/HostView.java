package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Looks at the numbers of tensors, however they are stored, one tensor at a time; a copy is made only where needed. */
final class HostView implements WeightLayout.LeafBytes, AutoCloseable {
    private final Script script;
    private final NDList tensors;
    private final List<@Nullable ByteBuffer> memory;
    /** Of one tensor: its plain form, and what brought it here from another device. */
    private @Nullable NDManager scope;

    private @Nullable NDArray plain;
    /** All of it, unless it is larger than a buffer can be. */
    private @Nullable ByteBuffer bytes;

    private int which = -1;

    /** @param script with linear.py */
    HostView(Script script, NDList tensors) {
        this(script, tensors, Collections.nCopies(tensors.size(), null));
    }

    /** @param memory of each tensor, F32, where it is at hand */
    HostView(Script script, NDList tensors, List<@Nullable ByteBuffer> memory) {
        this.script = script;
        this.tensors = tensors;
        this.memory = memory;
    }

    @Override
    public ByteBuffer rows(int leaf, int row, int rows) {
        NDArray tensor = tensors.get(leaf);
        int rowBytes = Math.toIntExact(tensor.size() / tensor.getShape().get(0) * Float.BYTES);
        ByteBuffer all = memory.get(leaf);
        if (all == null) {
            NDArray whole = plain(leaf);
            all = bytes;
            if (all == null) {
                return Device.bytes(whole.get(new NDIndex("{}:{}", row, row + rows)));
            }
        }
        return all.slice(row * rowBytes, rows * rowBytes).order(all.order());
    }

    private NDArray plain(int leaf) {
        NDArray held = plain;
        if (held == null || leaf != which) {
            close();
            NDManager fresh = Libtorch.scope();
            scope = fresh;
            held = script.tensor(fresh, "plain", tensors.get(leaf));
            plain = held;
            bytes = held.size() * Float.BYTES > Integer.MAX_VALUE ? null : Device.bytes(held);
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
