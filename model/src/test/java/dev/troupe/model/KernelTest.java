package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernel against autograd over the definition: the same outputs and the same gradients, for every arrangement. */
class KernelTest {
    private static final Path MODELS = Path.of("src/test/resources/golden/models");

    private record Outcome(float[] outputs, float[] scored, float[] entropy, TensorSet gradients) {}

    @ParameterizedTest
    @CsvSource({
        "llama-gqa-tied, 1.0, 9",
        "llama-gqa-tied, 0.7, 70",
        "llama3-rope-untied, 1.3, 40",
        "qwen2-bias, 1.0, 150",
        "qwen2-bias, 0.9, 8",
        "llama-value, 1.0, 33",
        "llama-reward, 1.0, 64",
        "mistral-window, 1.0, 40",
        "llama-yarn, 0.8, 40",
        "phi3-longrope, 1.0, 33",
        "baichuan, 1.0, 40",
        "gemma2, 0.7, 40",
        "gemma3, 1.0, 40",
        "granite, 1.2, 40"
    })
    void shouldEqualAutogradOverTheDefinition(String model, double temperature, int width) {
        ModelFolder folder = ModelFolder.open(MODELS.resolve(model));
        try (TensorThread thread = TensorThread.start("kernel", 1)) {
            thread.run(() -> {
                try (Decoder decoder = Decoder.load(folder.config(), folder.weights(), true)) {
                    Outcome kernel = pass(decoder, temperature, width);
                    decoder.zeroGrad();
                    decoder.withoutKernel();
                    Outcome definition = pass(decoder, temperature, width);
                    assertClose(kernel, definition);
                }
            });
        }
    }

    /** Few positions of a model whose matrices the definition multiplies by channel, alone and with an adapter. */
    @ParameterizedTest
    @CsvSource({"false, 1", "true, 1", "false, 3", "true, 3"})
    void shouldEqualAutogradByChannel(boolean adapted, int rows) {
        ModelConfig wide = ModelConfig.llama(512, 256, 512, 2, 8, 4, 64);
        TensorSet weights = ModelInit.random(wide, 7);
        AdapterConfig adapter = new AdapterConfig(4, 8, 0, false, List.of(AdapterConfig.ALL_LINEAR));
        List<TokenRow> texts = new ArrayList<>();
        for (int r = 0; r < rows; r++) {
            int[] ids = new int[20];
            Arrays.setAll(ids, t -> (int) (CounterNoise.uniform(8, 0, 0, t) * wide.vocabulary()));
            texts.add(new TokenRow(ids, 6));
        }
        try (TensorThread thread = TensorThread.start("kernel", 1)) {
            thread.run(() -> {
                try (FrozenBase base = FrozenBase.load("base", wide, weights, FrozenBase.Storage.FP32)) {
                    AdaptedModel form = new AdaptedModel(base, adapter, false);
                    try (Decoder decoder = adapted
                            ? form.decoder(AdapterEngineTest.filled(form, 3), true)
                            : Decoder.load(wide, weights, true, Numerics.FP32)) {
                        Outcome kernel = pass(decoder, Batch.of(texts, Batch.Kind.COMPLETION));
                        decoder.zeroGrad();
                        decoder.withoutKernel();
                        assertClose(kernel, pass(decoder, Batch.of(texts, Batch.Kind.COMPLETION)));
                    }
                }
            });
        }
    }

    /** A head that is never in one piece, over the kernel and over the definition. */
    @ParameterizedTest
    @CsvSource({"llama-gqa-tied, 0.7, 3", "llama3-rope-untied, 1.0, 50", "qwen3-qknorm, 1.3, 1", "gemma2, 0.7, 3"})
    void shouldEqualAutogradWithTheHeadInChunks(String model, double temperature, int chunk) {
        compare(model, Numerics.FP32, decoder -> {
            decoder.headChunk(chunk);
            Outcome kernel = pass(decoder, temperature, 40);
            decoder.zeroGrad();
            decoder.withoutKernel(false);
            decoder.headChunk(chunk + 1);
            Outcome chunked = pass(decoder, temperature, 40);
            decoder.zeroGrad();
            decoder.withoutKernel();
            Outcome definition = pass(decoder, temperature, 40);
            assertClose(kernel, definition);
            assertClose(chunked, definition);
        });
    }

    @ParameterizedTest
    @CsvSource({
        "llama-gqa-tied, true",
        "llama-gqa-tied, false",
        "qwen2-bias, true",
        "qwen3-qknorm, false",
        "llama-value, true",
        "mistral-window, true",
        "gemma2, false",
        "gemma3, false",
        "olmo2, false"
    })
    void shouldMakeTheSameGradientsToTheBitWithCheckpointing(String model, boolean byKernel) {
        List<Outcome> made = new ArrayList<>();
        for (boolean checkpointing : new boolean[] {false, true}) {
            compare(model, new Numerics(Dtype.FP32, checkpointing), decoder -> {
                if (!byKernel) {
                    decoder.withoutKernel(checkpointing);
                }
                made.add(pass(decoder, 0.9, 40));
            });
        }
        assertThat(made.get(1).outputs).containsExactly(made.get(0).outputs);
        assertThat(made.get(1).gradients.fingerprint())
                .isEqualTo(made.get(0).gradients.fingerprint());
    }

    /** Completions behind a prompt that they share: the same numbers as in a line each, by kernel and by definition. */
    @ParameterizedTest
    @CsvSource({
        "llama-gqa-tied, true",
        "llama-gqa-tied, false",
        "qwen2-bias, true",
        "qwen3-qknorm, false",
        "llama-value, true",
        "mistral-window, true",
        "gemma2, false",
        "gemma3, false",
        "qwen2-window, false"
    })
    void shouldComputeASharedPromptOnce(String model, boolean byKernel) {
        if (byKernel) {
            shared(model, new Numerics(Dtype.BF16, true), decoder -> {});
            shared(model, Numerics.FP32, decoder -> {});
        } else {
            shared(model, Numerics.FP32, decoder -> decoder.withoutKernel(false));
        }
    }

    private static void shared(String model, Numerics numerics, Consumer<Decoder> first) {
        compare(model, numerics, decoder -> {
            first.accept(decoder);
            List<TokenRow> rows = new ArrayList<>();
            for (int r = 0; r < 9; r++) {
                int prompt = new int[] {6, 6, 6, 11, 6, 11, 4, 6, 1}[r];
                int[] ids = new int[prompt + new int[] {5, 9, 1, 7, 3, 12, 8, 9, 2}[r]];
                for (int t = 0; t < ids.length; t++) {
                    int of = t < prompt ? prompt : 100 + r;
                    ids[t] = (int) (CounterNoise.uniform(8, of, 0, t)
                            * decoder.config().vocabulary());
                }
                rows.add(new TokenRow(ids, prompt));
            }
            Batch.Kind kind = decoder.config().scoreHead() ? Batch.Kind.STATES : Batch.Kind.COMPLETION;
            Lines together = Lines.together(rows);
            assertThat(together.count()).isEqualTo(4);
            assertThat(together.width()).isEqualTo(6 + 5 + 9 + 1 + 3 + 9);
            Outcome shared = pass(decoder, Batch.of(rows, together, kind));
            decoder.zeroGrad();
            assertClose(shared, pass(decoder, Batch.of(rows, kind)));
        });
    }

    private static Outcome pass(Decoder decoder, Batch closed) {
        boolean scores = decoder.config().scoreHead();
        try (Batch batch = closed) {
            float[] scored = (scores ? decoder.values(batch) : decoder.logprobs(batch, 0.9)).toFloatArray();
            float[] weights = new float[batch.outputs()];
            for (int i = 0; i < weights.length; i++) {
                weights[i] = (float) (CounterNoise.uniform(6, 0, 0, i) - 0.4);
            }
            try (Autograd.Recording on = Autograd.record()) {
                NDArray output = scores
                        ? decoder.values(batch)
                        : decoder.logprobsAndEntropy(batch, 0.9).get(0);
                float[] outputs = output.toFloatArray();
                Autograd.backward(output.mul(batch.manager().create(weights)).sum());
                return new Outcome(outputs, scored, new float[0], decoder.exportGradients());
            }
        }
    }

    /** Matrices in bf16: the numbers of an fp32 decoder whose matrices were rounded beforehand. */
    @ParameterizedTest
    @CsvSource({"llama-gqa-tied", "qwen2-bias", "qwen3-qknorm", "gemma2", "phi3", "granite", "llama-biases"})
    void shouldComputeInFp32WithTheNumbersOfBf16(String model) {
        List<Outcome> made = new ArrayList<>();
        compare(model, new Numerics(Dtype.BF16, false), decoder -> made.add(pass(decoder, 1.0, 40)));
        ModelFolder folder = ModelFolder.open(MODELS.resolve(model));
        Map<String, HostTensor> rounded = new LinkedHashMap<>();
        for (String name : folder.weights().names()) {
            HostTensor t = folder.weights().get(name);
            rounded.put(name, t.shape().length == 1 ? t : HostTensor.ofFloats(bf16(t.floats()), t.shape()));
        }
        try (TensorThread thread = TensorThread.start("kernel", 1)) {
            thread.run(() -> {
                try (Decoder decoder = Decoder.load(folder.config(), TensorSet.of(rounded), true)) {
                    assertClose(made.get(0), pass(decoder, 1.0, 40));
                    try (Decoder narrow =
                            Decoder.load(folder.config(), folder.weights(), true, new Numerics(Dtype.BF16, false))) {
                        assertThat(narrow.liveFingerprint()).isEqualTo(decoder.liveFingerprint());
                    }
                }
            });
        }
    }

    /** Round to nearest, ties to even, on the bits. */
    private static float[] bf16(float[] values) {
        float[] out = new float[values.length];
        for (int i = 0; i < out.length; i++) {
            int bits = Float.floatToRawIntBits(values[i]);
            out[i] = Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
        }
        return out;
    }

    private static void compare(String model, Numerics numerics, Consumer<Decoder> work) {
        ModelFolder folder = ModelFolder.open(MODELS.resolve(model));
        try (TensorThread thread = TensorThread.start("kernel", 1)) {
            thread.run(() -> {
                try (Decoder decoder = Decoder.load(folder.config(), folder.weights(), true, numerics)) {
                    work.accept(decoder);
                }
            });
        }
    }

    private static void assertClose(Outcome got, Outcome expected) {
        assertClose("outputs", got.outputs, expected.outputs);
        assertClose("outputs without a backward pass", got.scored, expected.outputs);
        assertClose("entropy", got.entropy, expected.entropy);
        for (String name : expected.gradients.names()) {
            assertClose(
                    name,
                    got.gradients.get(name).floats(),
                    expected.gradients.get(name).floats());
        }
    }

    /** Rows of several lengths, one of them two segments, the outputs weighted unevenly. */
    private static Outcome pass(Decoder decoder, double temperature, int width) {
        int rows = 5;
        int[][] ids = new int[rows][width];
        int[][] positions = new int[rows][width];
        int[][] segments = new int[rows][width];
        List<Integer> selected = new ArrayList<>();
        for (int r = 0; r < rows; r++) {
            int length = r == 0 ? width : Math.max(2, (int) (width * CounterNoise.uniform(3, r, 0, 0)));
            for (int t = 0; t < length; t++) {
                ids[r][t] = (int)
                        (CounterNoise.uniform(4, r, 0, t) * decoder.config().vocabulary());
                boolean second = r == 0 && t >= width / 3;
                segments[r][t] = second ? 2 : 1;
                positions[r][t] = second ? t - width / 3 : t;
                if (t % 4 != 1) {
                    selected.add(r * width + t);
                }
            }
        }
        int[] at = selected.stream().mapToInt(i -> i).toArray();
        int[] targets = new int[at.length];
        float[] weights = new float[at.length];
        for (int i = 0; i < at.length; i++) {
            targets[i] =
                    (int) (CounterNoise.uniform(5, 0, 0, i) * decoder.config().vocabulary());
            weights[i] = (float) (CounterNoise.uniform(6, 0, 0, i) - 0.4);
        }
        float[] outputs;
        float[] entropy = {};
        float[] scored;
        try (Batch batch = Batch.of(ids, positions, segments, at, targets)) {
            boolean scores = decoder.config().scoreHead();
            scored = (scores ? decoder.values(batch) : decoder.logprobs(batch, temperature)).toFloatArray();
        }
        try (Batch batch = Batch.of(ids, positions, segments, at, targets);
                Autograd.Recording on = Autograd.record()) {
            NDArray output;
            if (decoder.config().scoreHead()) {
                output = decoder.values(batch);
            } else {
                var both = decoder.logprobsAndEntropy(batch, temperature);
                output = both.get(0);
                entropy = both.get(1).toFloatArray();
            }
            outputs = output.toFloatArray();
            NDArray weight = batch.manager().create(weights, new Shape(weights.length));
            Autograd.backward(output.mul(weight).sum());
        }
        return new Outcome(outputs, scored, entropy, decoder.exportGradients());
    }

    /** Length of the difference within 1e-5 of the tensor's own: rounding, and nothing else. */
    private static void assertClose(String what, float[] got, float[] expected) {
        assertThat(got).as(what).hasSameSizeAs(expected);
        double squares = 0;
        double difference = 0;
        for (int i = 0; i < got.length; i++) {
            squares += (double) expected[i] * expected[i];
            difference += Math.pow(got[i] - (double) expected[i], 2);
        }
        assertThat(Math.sqrt(difference)).as("difference of " + what).isLessThanOrEqualTo(1e-5 * Math.sqrt(squares));
        assertThat(got.length == 0 || squares > 0)
                .as(what + " is not all zeros")
                .isTrue();
    }
}
