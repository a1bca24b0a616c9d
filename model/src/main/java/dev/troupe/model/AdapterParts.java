package dev.troupe.model;

import dev.troupe.model.AdapterTensors.Part;
import dev.troupe.proto.HostTensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What an adapter changes of its base beside the linear maps of the layers: whole modules, biases, rows of tokens,
 * low-rank matrices of embedding and head, and magnitudes. It is worked into the base's weights when that is opened.
 *
 * @param source names the file in errors
 * @param config of the whole adapter
 * @param tensors F32
 */
record AdapterParts(String source, AdapterConfig config, AdapterExtras extras, Map<Part, HostTensor> tensors) {
    AdapterParts {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /** Nothing to work in. */
    static AdapterParts none(String source, AdapterConfig config, boolean scoreHead) {
        return new AdapterParts(source, config, AdapterExtras.none(scoreHead), Map.of());
    }

    boolean isEmpty() {
        return tensors.isEmpty();
    }

    /** The base with the parts in it, or the base itself where nothing changes; errors name the tensor or the key. */
    ModelFolder in(ModelFolder base) {
        return new AdaptedBase(this, base).worked();
    }
}
