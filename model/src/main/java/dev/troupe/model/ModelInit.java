package dev.troupe.model;

import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Weights for models that are made from nothing or from another model. */
public final class ModelInit {
    private static final double STANDARD_DEVIATION = 0.02;

    private ModelInit() {}

    /**
     * Normal numbers of standard deviation 0.02 in matrices, ones in norms, zeros in biases; the same for the same
     * seed.
     */
    public static TensorSet random(ModelConfig config, long seed) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        int draw = 0;
        for (Map.Entry<String, long[]> e : new WeightLayout(config).tensors().entrySet()) {
            String name = e.getKey();
            long[] shape = e.getValue();
            float[] values = new float[Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact))];
            if (name.endsWith("norm.weight")) {
                Arrays.fill(values, config.traits().normsAddOne() ? 0f : 1f);
            } else if (!name.endsWith(".bias")) {
                fillNormal(values, seed, draw);
            }
            tensors.put(name, HostTensor.ofFloats(values, shape));
            draw++;
        }
        return TensorSet.of(tensors);
    }

    /** Box and Muller's pairs from the counter-based noise. */
    private static void fillNormal(float[] values, long seed, int draw) {
        for (int i = 0; i < values.length; i += 2) {
            double radius = Math.sqrt(-2 * StrictMath.log(CounterNoise.uniform(seed, draw, 0, i)));
            double angle = 2 * Math.PI * CounterNoise.uniform(seed, draw, 0, i + 1);
            values[i] = (float) (STANDARD_DEVIATION * radius * StrictMath.cos(angle));
            if (i + 1 < values.length) {
                values[i + 1] = (float) (STANDARD_DEVIATION * radius * StrictMath.sin(angle));
            }
        }
    }

    /** The weights of a language model with a score head of zeros in the head's place. */
    public static TensorSet withScoreHead(ModelConfig config, TensorSet weights) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>(weights.tensors());
        tensors.remove(config.family().names().head() + ".weight");
        tensors.put(WeightLayout.SCORE, HostTensor.ofFloats(new float[config.hidden()], 1, config.hidden()));
        return TensorSet.of(tensors);
    }
}
