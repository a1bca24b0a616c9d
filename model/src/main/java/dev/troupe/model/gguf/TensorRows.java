package dev.troupe.model.gguf;

import dev.troupe.model.HalfFloats;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.v1.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Rows of tensors, taken apart and put together. A vector counts as rows of one number. */
final class TensorRows {
    private TensorRows() {}

    /** Some rows of a tensor; shares its memory. */
    static HostTensor slice(HostTensor tensor, int from, int rows) {
        long[] shape = tensor.shape();
        int bytes = tensor.byteSize() / Math.toIntExact(shape[0]);
        shape[0] = rows;
        return new HostTensor(tensor.dtype(), shape, tensor.data().slice(from * bytes, rows * bytes));
    }

    /** Tensors below each other: in their type, or F32 where they have several. */
    static HostTensor concat(List<HostTensor> parts) {
        DataType dtype = parts.get(0).dtype();
        boolean mixed = parts.stream().anyMatch(part -> part.dtype() != dtype);
        List<HostTensor> same = mixed
                ? parts.stream()
                        .map(part -> HalfFloats.as(DataType.DATA_TYPE_F32, part))
                        .toList()
                : parts;
        long[] shape = same.get(0).shape();
        shape[0] = 0;
        int bytes = 0;
        for (HostTensor part : same) {
            shape[0] += part.shape()[0];
            bytes = Math.addExact(bytes, part.byteSize());
        }
        ByteBuffer all = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
        same.forEach(part -> all.put(part.data()));
        return new HostTensor(mixed ? DataType.DATA_TYPE_F32 : dtype, shape, all.flip());
    }

    /** Queries, keys and values by key-value head: its queries, its key, its value. */
    static HostTensor byHead(List<HostTensor> three, int headDim) {
        int heads = (int) three.get(1).shape()[0] / headDim;
        int queries = (int) three.get(0).shape()[0] / heads;
        List<HostTensor> parts = new ArrayList<>();
        for (int head = 0; head < heads; head++) {
            parts.add(slice(three.get(0), head * queries, queries));
            parts.add(slice(three.get(1), head * headDim, headDim));
            parts.add(slice(three.get(2), head * headDim, headDim));
        }
        return concat(parts);
    }

    /** {@link #byHead} the other way round. */
    static List<HostTensor> outOfHeads(HostTensor fused, int heads, int kvHeads, int headDim) {
        int group = heads / kvHeads;
        List<List<HostTensor>> three = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int head = 0; head < kvHeads; head++) {
            int at = head * (group + 2) * headDim;
            three.get(0).add(slice(fused, at, group * headDim));
            three.get(1).add(slice(fused, at + group * headDim, headDim));
            three.get(2).add(slice(fused, at + (group + 1) * headDim, headDim));
        }
        return three.stream().map(TensorRows::concat).toList();
    }

    /** All queries, all keys, all values. */
    static List<HostTensor> outOfStack(HostTensor fused, int heads, int kvHeads, int headDim) {
        return List.of(
                slice(fused, 0, heads * headDim),
                slice(fused, heads * headDim, kvHeads * headDim),
                slice(fused, (heads + kvHeads) * headDim, kvHeads * headDim));
    }

    /** A vector with a number added to each of its numbers, in F32. */
    static HostTensor plus(HostTensor vector, float more) {
        float[] values = HalfFloats.floats(vector);
        for (int i = 0; i < values.length; i++) {
            values[i] += more;
        }
        return HostTensor.ofFloats(values, vector.shape());
    }
}
