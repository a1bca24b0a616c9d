package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The gradient of the entropies, against the change of their sum along it. */
class EntropyGradientTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(48, 16, 32, 2, 4, 2, 64);
    private static final double TEMPERATURE = 0.8;
    private static final double STEP = 1e-2;
    /** Larger weights bend the entropy more. */
    private static final double SMALL_STEP = 2e-3;

    private static final List<TokenRow> ROWS = List.of(
            TokenRow.of(new int[] {3, 4}, new int[] {5, 6, 7}), TokenRow.of(new int[] {9}, new int[] {8, 1, 2, 40}));

    @ParameterizedTest
    @ValueSource(ints = {1000, 3})
    void isTheSlopeOfTheirSum(int chunk) {
        try (TensorThread thread = TensorThread.start("entropy", 1)) {
            thread.run(() -> check(CONFIG, ModelInit.random(CONFIG, 5), chunk, STEP));
        }
    }

    /** Logits with a cap. */
    @ParameterizedTest
    @ValueSource(ints = {1000, 3})
    void isTheSlopeOfTheirSumThroughACap(int chunk) {
        ModelFolder gemma = ModelFolder.open(Path.of("src/test/resources/golden/models/gemma2"));
        try (TensorThread thread = TensorThread.start("entropy", 1)) {
            thread.run(() -> check(gemma.config(), gemma.weights(), chunk, SMALL_STEP));
        }
    }

    private static void check(ModelConfig config, TensorSet start, int chunk, double step) {
        try (Decoder decoder = Decoder.load(config, start, true)) {
            decoder.headChunk(chunk);
            try (Batch batch = Batch.of(ROWS, Batch.Kind.COMPLETION);
                    Autograd.Recording on = Autograd.record()) {
                NDList both = decoder.logprobsAndEntropy(batch, TEMPERATURE, true);
                NDArray nothing = both.get(0).sum().mul(0);
                Autograd.backward(both.get(1).sum().add(nothing));
            }
            TensorSet gradient = decoder.exportGradients();
            double norm = 0;
            for (HostTensor t : gradient.tensors().values()) {
                for (float x : t.floats()) {
                    norm += (double) x * x;
                }
            }
            norm = Math.sqrt(norm);
            double up = sum(decoder, moved(start, gradient, step / norm));
            double down = sum(decoder, moved(start, gradient, -step / norm));
            assertThat((up - down) / (2 * step)).isCloseTo(norm, within(2e-3 * norm));
        }
    }

    private static TensorSet moved(TensorSet start, TensorSet along, double step) {
        Map<String, HostTensor> tensors = new LinkedHashMap<>();
        start.tensors().forEach((name, tensor) -> {
            float[] x = tensor.floats().clone();
            float[] d = along.get(name).floats();
            for (int i = 0; i < x.length; i++) {
                x[i] += (float) (step * d[i]);
            }
            tensors.put(name, HostTensor.ofFloats(x, tensor.shape()));
        });
        return TensorSet.of(tensors);
    }

    private static double sum(Decoder decoder, TensorSet weights) {
        decoder.assign(weights);
        try (Batch batch = Batch.of(ROWS, Batch.Kind.COMPLETION)) {
            double sum = 0;
            for (float x : decoder.logprobsAndEntropy(batch, TEMPERATURE).get(1).toFloatArray()) {
                sum += x;
            }
            return sum;
        }
    }
}
