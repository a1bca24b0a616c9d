package dev.troupe.rollout;

import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelInit;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A decoder with random weights, small enough for unit tests. */
final class TinyModel {
    private TinyModel() {}

    static ModelConfig config(int context, List<Integer> eosIds) {
        return ModelConfig.llama(61, 16, 24, 2, 2, 1, context).withEosIds(eosIds);
    }

    /** Random weights, made larger so that the distributions are far from uniform. */
    static TensorSet weights(ModelConfig config, long seed) {
        Map<String, HostTensor> scaled = new LinkedHashMap<>();
        ModelInit.random(config, seed).tensors().forEach((name, t) -> {
            ByteBuffer from = t.data().duplicate().order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer to = ByteBuffer.allocate(from.remaining()).order(ByteOrder.LITTLE_ENDIAN);
            boolean matrix = t.shape().length == 2;
            while (from.hasRemaining()) {
                to.putFloat(from.getFloat() * (matrix ? 15 : 1));
            }
            scaled.put(name, new HostTensor(t.dtype(), t.shape(), to.flip()));
        });
        return TensorSet.of(scaled);
    }
}
