package dev.troupe.model;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.util.LinkedHashMap;
import java.util.Map;

/** An adapter worked into the weights it stands on, and taken out of them again. */
public final class AdapterMerge {
    private static final String ENDING = ".lora_A.weight";

    private AdapterMerge() {}

    /**
     * Adds scaling * B A to each adapted matrix; the others are shared, not copied. Names and shapes must fit, errors
     * name the tensor.
     */
    public static TensorSet merge(ModelConfig model, TensorSet weights, AdapterConfig adapter, TensorSet tensors) {
        return add(model, weights, adapter, tensors, 1);
    }

    /** Takes scaling * B A off again; exact but for rounding. */
    public static TensorSet unmerge(ModelConfig model, TensorSet weights, AdapterConfig adapter, TensorSet tensors) {
        return add(model, weights, adapter, tensors, -1);
    }

    private static TensorSet add(
            ModelConfig model, TensorSet weights, AdapterConfig adapter, TensorSet tensors, int sign) {
        new AdapterLayout(model, adapter).check(tensors);
        new WeightLayout(model).check(weights);
        Map<String, HostTensor> out = new LinkedHashMap<>(weights.tensors());
        for (String name : tensors.names()) {
            if (name.endsWith(ENDING)) {
                String module = name.substring(AdapterLayout.PREFIX.length(), name.length() - ENDING.length());
                HostTensor b = tensors.get(name.replace(ENDING, ".lora_B.weight"));
                float factor = (float) (sign * adapter.scaling(module));
                out.computeIfPresent(module + ".weight", (n, w) -> add(w, tensors.get(name), b, factor));
            }
        }
        if (tensors.contains(AdapterLayout.SCORE)) {
            out.put(WeightLayout.SCORE, tensors.get(AdapterLayout.SCORE));
        }
        return TensorSet.of(out);
    }

    /** w [out, in] + factor * b [out, r] a [r, in], as F32. */
    static HostTensor add(HostTensor w, HostTensor a, HostTensor b, float factor) {
        float[] values = HalfFloats.floats(w);
        float[] left = b.floats();
        float[] right = a.floats();
        int in = Math.toIntExact(w.shape()[1]);
        int r = Math.toIntExact(a.shape()[0]);
        float[] row = new float[in];
        for (int o = 0; o < w.shape()[0]; o++) {
            java.util.Arrays.fill(row, 0);
            for (int k = 0; k < r; k++) {
                float by = left[o * r + k];
                for (int i = 0; i < in; i++) {
                    row[i] += by * right[k * in + i];
                }
            }
            for (int i = 0; i < in; i++) {
                values[o * in + i] += factor * row[i];
            }
        }
        return HostTensor.ofFloats(values, w.shape());
    }
}
