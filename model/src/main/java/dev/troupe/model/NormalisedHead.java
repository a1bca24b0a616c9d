package dev.troupe.model;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.DataType;
import java.util.LinkedHashMap;
import java.util.Map;

/** A head whose rows are brought to length 1 before they are used, as Baichuan 2's are: here when it is read. */
final class NormalisedHead {
    /** Shorter rows are divided by this, as torch's normalize does. */
    private static final double SHORTEST = 1e-12;

    private NormalisedHead() {}

    /** The weights with the head's rows at length 1, in the type they have. */
    static TensorSet of(ModelConfig config, TensorSet weights) {
        String name = config.family().names().head() + ".weight";
        HostTensor head = weights.get(name);
        DataType type = head.dtype();
        TensorSet wide = HalfFloats.as(DataType.DATA_TYPE_F32, TensorSet.of(Map.of(name, head)));
        float[] rows = wide.get(name).floats();
        for (int from = 0; from < rows.length; from += config.hidden()) {
            normalise(rows, from, config.hidden());
        }
        TensorSet made = HalfFloats.as(type, TensorSet.of(Map.of(name, HostTensor.ofFloats(rows, head.shape()))));
        Map<String, HostTensor> all = new LinkedHashMap<>(weights.tensors());
        all.put(name, made.get(name));
        return TensorSet.of(all);
    }

    private static void normalise(float[] rows, int from, int columns) {
        double squares = 0;
        for (int i = from; i < from + columns; i++) {
            squares += (double) rows[i] * rows[i];
        }
        float length = (float) Math.max(SHORTEST, Math.sqrt(squares));
        for (int i = from; i < from + columns; i++) {
            rows[i] /= length;
        }
    }
}
