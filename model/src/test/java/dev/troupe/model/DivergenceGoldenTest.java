package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * The divergence at the head against TRL's generalized_jsd_loss: a head that is the identity has the case's logits as
 * its hidden states.
 */
class DivergenceGoldenTest {
    private static final int IGNORED = -100;

    @TestFactory
    Stream<DynamicTest> cases() {
        return GoldenFolder.of("loss/gkd").stream()
                .flatMap(c -> Stream.of(64, 5, 1)
                        .map(chunk -> DynamicTest.dynamicTest(c.name() + " by " + chunk, () -> {
                            try (TensorThread thread = TensorThread.start("golden", 1)) {
                                thread.run(() -> check(c.json(), chunk));
                            }
                        })));
    }

    private static void check(JsonNode json, int chunk) {
        JsonNode inputs = json.get("inputs");
        int vocabulary = inputs.get("student_logits").get("shape").get(2).asInt();
        float[] student = GoldenFolder.floats(inputs.get("student_logits"));
        float[] teacher = GoldenFolder.floats(inputs.get("teacher_logits"));
        int positions = student.length / vocabulary;
        int[] labels = inputs.has("labels") ? GoldenFolder.ints(inputs.get("labels")) : new int[positions];
        int[] counted =
                IntStream.range(0, positions).filter(i -> labels[i] != IGNORED).toArray();
        JsonNode items = json.get("hyper").get("num_items_in_batch");
        double count = items.isNull() ? counted.length : items.asDouble();
        double temperature = json.get("hyper").get("temperature").asDouble();
        double beta = json.get("hyper").get("beta").asDouble();
        try (Script script =
                        Script.load(Decoder.class, "linear.py", "kernel.py", "decoder.py", "head.py", "divergence.py");
                Batch batch = rows(counted.length);
                NDManager scope = Libtorch.scope()) {
            NDArray identity = scope.eye(vocabulary);
            NDArray hidden = scope.create(pick(student, counted, vocabulary), new Shape(counted.length, vocabulary));
            float[] gradient = new float[student.length];
            Trunk.Pass pass = new Trunk.Pass(hidden, d -> put(d.toFloatArray(), gradient, counted, vocabulary));
            SoftTargets targets = new SoftTargets(
                    counted.length,
                    new int[0],
                    logSoftmax(pick(teacher, counted, vocabulary), vocabulary, temperature));
            DistillationHead head = new DistillationHead(script, identity, scope.create(new Shape(0)), chunk, 0);
            double loss;
            try (Autograd.Recording on = Autograd.record()) {
                NDList made;
                try (Autograd.Pause pause = Autograd.pause()) {
                    made = head.divergence(batch, pass, temperature, List.of(targets), beta);
                }
                NDArray sum = made.get(0).sum().div((float) count);
                loss = sum.toFloatArray()[0];
                Autograd.backward(sum);
            }
            near(json, "loss", new double[] {loss});
            near(
                    json,
                    "grad_student_logits",
                    IntStream.range(0, gradient.length)
                            .mapToDouble(i -> gradient[i])
                            .toArray());
            assertThat(json.get("expected")).hasSize(2);
        }
    }

    private static void near(JsonNode json, String name, double[] got) {
        JsonNode node = json.get("expected").get(name);
        double[] want = node.isNumber() ? new double[] {node.asDouble()} : GoldenFolder.numbers(node);
        double abs = json.get("tolerance").get("abs").asDouble();
        double rel = json.get("tolerance").get("rel").asDouble();
        assertThat(got).hasSameSizeAs(want);
        for (int i = 0; i < want.length; i++) {
            assertThat(got[i]).as(name + "[" + i + "]").isCloseTo(want[i], within(abs + rel * Math.abs(want[i])));
        }
    }

    /** A batch of one row with so many outputs. */
    private static Batch rows(int outputs) {
        int[][] grid = new int[1][outputs];
        int[] selected = IntStream.range(0, outputs).toArray();
        return Batch.of(grid, grid, grid, selected, new int[outputs]);
    }

    private static float[] pick(float[] all, int[] rows, int width) {
        float[] out = new float[rows.length * width];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(all, rows[i] * width, out, i * width, width);
        }
        return out;
    }

    private static void put(float[] some, float[] all, int[] rows, int width) {
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(some, i * width, all, rows[i] * width, width);
        }
    }

    private static float[] logSoftmax(float[] logits, int width, double temperature) {
        float[] out = new float[logits.length];
        for (int from = 0; from < logits.length; from += width) {
            double sum = 0;
            for (int v = 0; v < width; v++) {
                sum += Math.exp(logits[from + v] / temperature);
            }
            for (int v = 0; v < width; v++) {
                out[from + v] = (float) (logits[from + v] / temperature - Math.log(sum));
            }
        }
        return out;
    }
}
