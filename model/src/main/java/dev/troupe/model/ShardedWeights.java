package dev.troupe.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** Weights spread over several files, safetensors or of torch.save, with an index that says which tensor lies where. */
final class ShardedWeights {
    /** Name of the index in a model folder. */
    static final String INDEX = "model.safetensors.index.json";

    /** Name of the index where the files are of torch.save. */
    static final String PICKLED_INDEX = "pytorch_model.bin.index.json";

    private static final ObjectMapper JSON = new ObjectMapper();

    private ShardedWeights() {}

    /** Maps every file that the index names; a tensor that is not where the index says gives an error naming both. */
    static TensorSet read(Path index) {
        JsonNode map = places(index);
        boolean pickled = index.endsWith(PICKLED_INDEX);
        String ending = pickled ? ".bin" : ".safetensors";
        Map<String, TensorSet> files = new HashMap<>();
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        map.fields().forEachRemaining(e -> {
            String file = e.getValue().asText();
            if (!e.getValue().isTextual() || !file.endsWith(ending) || file.contains("/")) {
                throw new ModelException(index + ": weight_map." + e.getKey() + " = " + e.getValue()
                        + ": expected the name of a " + ending + " file beside the index");
            }
            TensorSet shard = files.computeIfAbsent(file, name -> read(index.resolveSibling(name), pickled));
            if (!shard.contains(e.getKey())) {
                throw new ModelException(
                        index + " places tensor " + e.getKey() + " in " + file + ", which does not hold it");
            }
            tensors.put(e.getKey(), shard.get(e.getKey()));
        });
        return TensorSet.of(tensors);
    }

    private static TensorSet read(Path file, boolean pickled) {
        return pickled ? TorchFile.read(file) : Safetensors.read(file);
    }

    private static JsonNode places(Path index) {
        try {
            JsonNode root = JSON.readTree(Files.readAllBytes(index));
            JsonNode map = root == null ? JSON.createObjectNode() : root.path("weight_map");
            if (!map.isObject() || map.isEmpty()) {
                throw new ModelException(index + ": expected a weight_map of tensor names to file names");
            }
            return map;
        } catch (JsonProcessingException e) {
            throw new ModelException(index + ": not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new ModelException("cannot read " + index + ": " + e, e);
        }
    }
}
