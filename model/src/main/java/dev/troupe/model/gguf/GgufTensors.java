package dev.troupe.model.gguf;

import dev.troupe.model.ModelException;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.v1.DataType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** The tensors of a GGUF file by their names there; each is read when it is asked for. */
final class GgufTensors {
    private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    private final Bytes file;
    private final String source;

    /** Where a tensor's bytes come from. */
    interface Bytes {
        ByteBuffer at(long offset, long length) throws IOException;
    }

    GgufTensors(GgufHeader header, Bytes file) {
        this.file = file;
        this.source = header.metadata().source();
        for (GgufTensor tensor : header.tensors()) {
            if (tensors.put(tensor.name(), tensor) != null) {
                throw wrong("has tensor " + tensor.name() + " twice");
            }
        }
    }

    ModelException wrong(String what) {
        return new ModelException("GGUF file " + source + " " + what);
    }

    Collection<String> names() {
        return tensors.keySet();
    }

    boolean has(String name) {
        return tensors.containsKey(name);
    }

    /** Whether a part of some layer is there, such as {@code attn_q} with kind {@code bias}. */
    boolean hasInLayer(String part, String kind) {
        String end = "." + part + "." + kind;
        return tensors.keySet().stream().anyMatch(name -> name.startsWith("blk.") && name.endsWith(end));
    }

    private GgufTensor find(String name) {
        GgufTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw wrong("has no tensor " + name);
        }
        return tensor;
    }

    /** F32, F16 and BF16 as they are, quantised ones as the F32 numbers that they stand for. */
    HostTensor read(String name) {
        GgufTensor tensor = find(name);
        ByteBuffer bytes;
        try {
            bytes = file.at(tensor.offset(), tensor.bytes());
        } catch (IOException e) {
            throw new ModelException("cannot read " + source + ": " + e, e);
        }
        return switch (tensor.type()) {
            case F32 -> new HostTensor(DataType.DATA_TYPE_F32, tensor.shape(), bytes);
            case F16 -> new HostTensor(DataType.DATA_TYPE_F16, tensor.shape(), bytes);
            case BF16 -> new HostTensor(DataType.DATA_TYPE_BF16, tensor.shape(), bytes);
            default -> new HostTensor(DataType.DATA_TYPE_F32, tensor.shape(), GgufBlocks.floats(tensor.type(), bytes));
        };
    }

    /** The numbers of an F32 vector that is no weight. */
    float[] vector(String name, int size) {
        GgufTensor tensor = find(name);
        if (tensor.type() != GgufType.F32) {
            throw wrong("has tensor " + name + " as " + tensor.type() + "; expected F32");
        }
        if (tensor.elements() != size) {
            throw wrong("has tensor " + name + " of " + tensor.elements() + " numbers; heads turn " + size + " pairs");
        }
        return read(name).floats();
    }
}
