package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import dev.troupe.proto.TensorSet;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DecoderTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(96, 32, 48, 2, 4, 2, 64);
    private static final TensorSet WEIGHTS = ModelInit.random(CONFIG, 7);
    private static TensorThread thread;

    @BeforeAll
    static void start() {
        thread = TensorThread.start("decoder", 1);
    }

    @AfterAll
    static void stop() {
        thread.close();
    }

    private static TokenRow row(int prompt, int completion, int seed) {
        int[] ids = new int[prompt + completion];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) (CounterNoise.uniform(seed, 0, 0, i) * CONFIG.vocabulary());
        }
        return new TokenRow(ids, prompt);
    }

    @Test
    void shouldExportAndHashWhatWasAssigned() {
        TensorSet other = ModelInit.random(CONFIG, 8);
        thread.run(() -> {
            try (Decoder decoder = Decoder.load(CONFIG, WEIGHTS, true)) {
                assertThat(decoder.liveFingerprint()).isEqualTo(WEIGHTS.fingerprint());
                assertThat(decoder.export()).isEqualTo(WEIGHTS);
                decoder.assign(other);
                assertThat(decoder.liveFingerprint()).isEqualTo(other.fingerprint());
                assertThat(decoder.parameters().get(0).toFloatArray())
                        .as("the tensor that libtorch computes with")
                        .isEqualTo(other.get("model.embed_tokens.weight").floats());
                TensorSet wrong = ModelInit.random(CONFIG.withScoreHead(true), 1);
                assertThatThrownBy(() -> decoder.assign(wrong)).hasMessageContaining("score.weight");
                assertThat(decoder.liveFingerprint()).isEqualTo(other.fingerprint());
                // A change of one live number shows in the hash.
                decoder.parameters().get(3).muli(1.0001f);
                assertThat(decoder.liveFingerprint()).isNotEqualTo(other.fingerprint());
            }
        });
    }

    @Test
    void shouldAnswerRowsOfAnyLengthInTheirOrder() {
        List<TokenRow> rows = List.of(row(3, 9, 1), row(7, 2, 2), row(1, 30, 3), row(5, 0, 4), row(2, 14, 5));
        thread.run(() -> {
            try (Decoder decoder = Decoder.load(CONFIG, WEIGHTS, false)) {
                List<float[]> together = decoder.logprobs(rows, 0.8, 2);
                for (int i = 0; i < rows.size(); i++) {
                    float[] alone =
                            decoder.logprobs(List.of(rows.get(i)), 0.8, 1).get(0);
                    assertThat(together.get(i)).hasSize(rows.get(i).completionLength());
                    assertThat(together.get(i)).containsExactly(alone, within(1e-5f));
                }
            }
        });
    }

    /** Two texts in one line, told apart by segment and position, get the numbers they get in lines of their own. */
    @Test
    void shouldKeepPackedSegmentsApart() {
        TokenRow first = row(1, 6, 1);
        TokenRow second = row(1, 9, 2);
        int width = 20;
        int[][] ids = new int[1][width];
        int[][] positions = new int[1][width];
        int[][] segments = new int[1][width];
        int[] selected = new int[15];
        int[] targets = new int[15];
        for (int i = 0; i < 7; i++) {
            ids[0][i] = first.ids()[i];
            positions[0][i] = i;
            segments[0][i] = 1;
            if (i < 6) {
                selected[i] = i;
                targets[i] = first.ids()[i + 1];
            }
        }
        for (int i = 0; i < 10; i++) {
            ids[0][7 + i] = second.ids()[i];
            positions[0][7 + i] = i;
            segments[0][7 + i] = 2;
            if (i < 9) {
                selected[6 + i] = 7 + i;
                targets[6 + i] = second.ids()[i + 1];
            }
        }
        thread.run(() -> {
            try (Decoder decoder = Decoder.load(CONFIG, WEIGHTS, false);
                    Batch packed = Batch.of(ids, positions, segments, selected, targets)) {
                float[] got = decoder.logprobs(packed, 1.0).toFloatArray();
                List<float[]> apart = decoder.logprobs(List.of(first, second), 1.0, 2);
                for (int i = 0; i < 15; i++) {
                    float expected = i < 6 ? apart.get(0)[i] : apart.get(1)[i - 6];
                    assertThat(got[i]).isCloseTo(expected, within(1e-5f));
                }
            }
        });
    }

    @Test
    void shouldAddUpGradientsUntilTheyAreZeroed() {
        thread.run(() -> {
            try (Decoder decoder = Decoder.load(CONFIG, WEIGHTS, true)) {
                TensorSet once = gradients(decoder);
                TensorSet twice = gradients(decoder);
                String name = "model.layers.0.self_attn.k_proj.weight";
                float[] one = once.get(name).floats();
                float[] two = twice.get(name).floats();
                for (int i = 0; i < one.length; i++) {
                    assertThat(two[i]).isCloseTo(2 * one[i], within(1e-6f));
                }
                decoder.zeroGrad();
                assertThat(gradients(decoder).fingerprint()).isEqualTo(once.fingerprint());
            }
        });
    }

    private static TensorSet gradients(Decoder decoder) {
        try (Batch batch = Batch.of(List.of(row(2, 9, 1), row(3, 5, 2)), Batch.Kind.COMPLETION);
                Autograd.Recording on = Autograd.record()) {
            NDArray loss = decoder.logprobs(batch, 1.0).mean();
            Autograd.backward(loss);
        }
        return decoder.exportGradients();
    }

    @Test
    void shouldRefuseAHeadTheModelDoesNotHave() {
        thread.run(() -> {
            try (Decoder decoder = Decoder.load(CONFIG, WEIGHTS, false)) {
                assertThatThrownBy(() -> decoder.scores(List.of(row(2, 3, 1)), 1))
                        .isInstanceOf(ModelException.class)
                        .hasMessageContaining("score head");
                assertThatThrownBy(() -> decoder.logprobs(List.of(row(2, 63, 1)), 1.0, 1))
                        .isInstanceOf(ModelException.class)
                        .hasMessageContaining("65 tokens")
                        .hasMessageContaining("64");
            }
        });
    }
}
