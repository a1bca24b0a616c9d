package dev.troupe.train.optim;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import dev.troupe.model.Decoder;
import dev.troupe.model.Dtype;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelInit;
import dev.troupe.model.Numerics;
import dev.troupe.model.TensorThread;
import dev.troupe.proto.TensorSet;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AdamWTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(96, 32, 48, 2, 4, 2, 64);
    private static final AdamSettings ADAM = new AdamSettings(0.9, 0.95, 1e-8, 0.01, true);
    private static final Numerics BF16 = new Numerics(Dtype.BF16, false);
    /** Far below what bf16 can tell apart in numbers around 0.02. */
    private static final double RATE = 1e-6;

    /** A decoder in bf16 shows, rounded, what the same steps make of one in fp32 that began with the same numbers. */
    @Test
    void shouldStepFp32NumbersBehindBf16Ones() {
        try (TensorThread thread = TensorThread.start("adamw", 1)) {
            thread.run(() -> {
                try (Decoder narrow = Decoder.load(CONFIG, ModelInit.random(CONFIG, 3), true, BF16);
                        Decoder wide = Decoder.load(CONFIG, narrow.export(), true);
                        AdamW ofNarrow = new AdamW(narrow, ADAM);
                        AdamW ofWide = new AdamW(wide, ADAM)) {
                    TensorSet begin = narrow.export();
                    for (int step = 0; step < 40; step++) {
                        step(narrow, ofNarrow, step);
                        step(wide, ofWide, step);
                    }
                    assertThat(narrow.export()).isNotEqualTo(begin);
                    TensorSet state = ofNarrow.export();
                    for (int i = 0; i < wide.names().size(); i++) {
                        assertThat(state.get("master." + wide.names().get(i)).floats())
                                .containsExactly(wide.parameters().get(i).toFloatArray());
                    }
                    try (Decoder rounded = Decoder.load(CONFIG, wide.export(), false, BF16)) {
                        assertThat(narrow.liveFingerprint()).isEqualTo(rounded.liveFingerprint());
                    }
                }
            });
        }
    }

    @Test
    void shouldGoOnFromAnExportedStateToTheBit() {
        try (TensorThread thread = TensorThread.start("adamw", 1)) {
            thread.run(() -> {
                try (Decoder first = Decoder.load(CONFIG, ModelInit.random(CONFIG, 3), true, BF16);
                        AdamW straight = new AdamW(first, ADAM)) {
                    step(first, straight, 0);
                    TensorSet weights = first.export();
                    TensorSet state = straight.export();
                    straight.hold();
                    step(first, straight, 1);
                    String once = first.liveFingerprint();
                    straight.rollBack();
                    assertThat(first.export()).isEqualTo(weights);
                    step(first, straight, 1);
                    assertThat(first.liveFingerprint()).isEqualTo(once);
                    try (Decoder second = Decoder.load(CONFIG, weights, true, BF16);
                            AdamW resumed = new AdamW(second, ADAM)) {
                        resumed.assign(state);
                        step(second, resumed, 1);
                        assertThat(resumed.export()).isEqualTo(straight.export());
                        assertThat(second.liveFingerprint()).isEqualTo(once);
                    }
                }
            });
        }
    }

    private static void step(Decoder decoder, AdamW optimizer, int step) {
        SplittableRandom random = new SplittableRandom(step);
        for (NDArray gradient : decoder.gradients()) {
            float[] values = new float[(int) gradient.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (random.nextDouble() - 0.4);
            }
            gradient.set(values);
        }
        assertThat(Arrays.stream(toDoubles(optimizer.gradientNorms()))).allMatch(n -> n > 0);
        optimizer.step(RATE, 1);
    }

    private static double[] toDoubles(float[] values) {
        double[] out = new double[values.length];
        Arrays.setAll(out, i -> values[i]);
        return out;
    }
}
