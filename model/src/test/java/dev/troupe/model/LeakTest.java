package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import dev.troupe.proto.TensorSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Native memory has no finalizer: what a step does not free is gone for good, and shows in the process's memory. */
class LeakTest {
    private static final ModelConfig CONFIG = ModelConfig.llama(256, 64, 128, 2, 4, 2, 64);
    private static final int WARM_UP = 50;
    private static final int STEPS = 300;

    /** Growth over the steps. One step computes with about 40 MB: a leak of a thousandth of that each shows as more. */
    private static final double ALLOWANCE = 0.02;

    private static long residentBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("RssAnon:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        throw new AssertionError("no RssAnon in /proc/self/status");
    }

    @Test
    void shouldKeepMemoryLevelOverManySteps() {
        Assumptions.assumeTrue(Files.exists(Path.of("/proc/self/status")), "no /proc to read memory from");
        try (TensorThread thread = TensorThread.start("leak", 1)) {
            thread.call(() -> {
                TensorSet weights = ModelInit.random(CONFIG, 1);
                Numerics small = new Numerics(Dtype.BF16, true);
                try (Decoder decoder = Decoder.load(CONFIG, weights, true);
                        Decoder narrow = Decoder.load(CONFIG, weights, true, small);
                        Decoder defined = Decoder.load(CONFIG, weights, true);
                        DecodeEngine engine =
                                DecodeEngine.open(CONFIG, weights, 16, 64, SamplingConfig.atTemperature(1))) {
                    defined.withoutKernel(true);
                    defined.headChunk(100);
                    long before = 0;
                    int tensors = 0;
                    for (int i = 0; i < STEPS; i++) {
                        if (i == WARM_UP) {
                            System.gc();
                            before = residentBytes();
                            tensors = Libtorch.liveTensors();
                        }
                        train(decoder);
                        train(narrow);
                        train(defined);
                        generate(decoder, engine);
                    }
                    assertThat(Libtorch.liveTensors())
                            .as("tensors in open scopes")
                            .isEqualTo(tensors);
                    System.gc();
                    assertThat(residentBytes()).isLessThan((long) (before * (1 + ALLOWANCE)));
                }
                return true;
            });
        }
    }

    private static List<TokenRow> rows() {
        List<TokenRow> rows = new ArrayList<>();
        for (int r = 0; r < 16; r++) {
            rows.add(new TokenRow(new int[48], 8));
        }
        return rows;
    }

    private static void train(Decoder decoder) {
        try (Batch batch = Batch.of(rows(), Batch.Kind.COMPLETION);
                Autograd.Recording on = Autograd.record()) {
            NDArray loss = decoder.logprobsAndEntropy(batch, 0.9).get(0).mean();
            Autograd.backward(loss);
        }
        decoder.zeroGrad();
    }

    private static void generate(Decoder decoder, DecodeEngine engine) {
        decoder.logprobs(rows(), 1.0, 8);
        engine.prefill(new int[10], new int[] {3, 5}, new double[] {0.2, 0.6});
        for (int i = 0; i < 5; i++) {
            engine.step(new double[16]);
        }
        engine.release(3);
        engine.release(5);
        engine.swap(decoder.export());
    }
}
