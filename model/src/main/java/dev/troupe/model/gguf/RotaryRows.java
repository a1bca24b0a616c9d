package dev.troupe.model.gguf;

import dev.troupe.proto.HostTensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The order of query and key rows. Rope turns pairs of a head's numbers: Hugging Face pairs i with i + headDim / 2; a
 * GGUF file of the llama architecture has each pair side by side, 2 i with 2 i + 1.
 */
final class RotaryRows {
    private RotaryRows() {}

    /** From a GGUF file's order to Hugging Face's. */
    static HostTensor apart(HostTensor tensor, int headDim) {
        return moved(tensor, headDim, false);
    }

    /** From Hugging Face's order to a GGUF file's. */
    static HostTensor together(HostTensor tensor, int headDim) {
        return moved(tensor, headDim, true);
    }

    private static HostTensor moved(HostTensor tensor, int headDim, boolean together) {
        int rows = (int) tensor.shape()[0];
        int bytes = tensor.byteSize() / Math.max(1, rows);
        ByteBuffer out = ByteBuffer.allocateDirect(tensor.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer in = tensor.data();
        for (int row = 0; row < rows; row++) {
            int inHead = row % headDim;
            int half = headDim / 2;
            int paired = row - inHead + inHead % half * 2 + inHead / half;
            out.put((together ? paired : row) * bytes, in, (together ? row : paired) * bytes, bytes);
        }
        return new HostTensor(tensor.dtype(), tensor.shape(), out);
    }
}
