package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/** Looks at the numbers of tensors, however they are stored, one tensor at a time; a copy is made only where needed. */
final class HostView implements WeightLayout.LeafBytes, AutoCloseable {
    private final Script script;
    private final NDList tensors;
    /** Of one tensor: its plain form, and what brought it here from another device. */
    private @Nullable NDManager scope;

    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private int which = -1;

    /** @param script with linear.py */
    HostView(Script script, NDList tensors) {
        this.script = script;
        this.tensors = tensors;
    }

    @Override
    public ByteBuffer of(int leaf) {
        if (leaf != which) {
            close();
            NDManager fresh = Libtorch.scope();
            scope = fresh;
            NDArray plain = script.tensor(fresh, "plain", tensors.get(leaf));
            bytes = plain.toByteBuffer(true).order(ByteOrder.nativeOrder());
            which = leaf;
        }
        return bytes;
    }

    @Override
    public void close() {
        if (scope != null) {
            scope.close();
        }
    }
}
