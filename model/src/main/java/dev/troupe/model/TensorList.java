package dev.troupe.model;

import ai.djl.ndarray.NDList;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;

/**
 * A List[Tensor] made once and passed to many script calls: making it anew costs as much as a dozen operations. It
 * shares the tensors, so changes in place show; the tensors must outlive it.
 */
public final class TensorList implements AutoCloseable {
    private final IValue list;

    TensorList(IValue list) {
        this.list = list;
    }

    /** The list of these tensors. */
    public static TensorList of(NDList tensors) {
        return new TensorList(values(tensors));
    }

    long handle() {
        return list.getHandle();
    }

    static IValue values(NDList tensors) {
        PtNDArray[] arrays = new PtNDArray[tensors.size()];
        for (int i = 0; i < arrays.length; i++) {
            arrays[i] = (PtNDArray) tensors.get(i);
        }
        return IValue.listFrom(arrays);
    }

    /** Lets the tensors go; more than once does no harm. */
    @Override
    public void close() {
        list.close();
    }
}
