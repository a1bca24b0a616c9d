package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Looks at the numbers of tensors, however they are stored, one tensor at a time; a copy is made only where needed. */
final class HostView implements WeightLayout.LeafBytes, AutoCloseable {
    private final NDManager manager;
    private final Script script;
    private final NDList tensors;
    private @Nullable NDArray open;
    private int which = -1;

    /** @param script with linear.py */
    HostView(NDManager manager, Script script, NDList tensors) {
        this.manager = manager;
        this.script = script;
        this.tensors = tensors;
    }

    @Override
    public ByteBuffer of(int leaf) {
        NDArray plain = open;
        if (plain == null || leaf != which) {
            close();
            plain = script.tensor(manager, "plain", tensors.get(leaf));
            open = plain;
            which = leaf;
        }
        return plain.toByteBuffer(true).order(ByteOrder.nativeOrder());
    }

    @Override
    public void close() {
        if (open != null) {
            open.close();
        }
    }
}
