package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dev.troupe.proto.TensorSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Soft targets and the divergence from them, on whole models, against the formulas written out in float64. */
class DivergenceTest {
    private static final Path MODELS = Path.of("src/test/resources/golden/models");
    private static final List<TokenRow> ROWS = List.of(row(3, 5, 1), row(1, 9, 2), row(4, 1, 3), row(2, 6, 4));

    private static TokenRow row(int prompt, int completion, int seed) {
        return new TokenRow(new Random(seed).ints(prompt + completion, 3, 96).toArray(), prompt);
    }

    private static void with(BiConsumer<Decoder, Decoder> work) {
        with("llama-gqa-tied", "llama3-rope-untied", work);
    }

    private static void with(String studentName, String teacherName, BiConsumer<Decoder, Decoder> work) {
        ModelFolder student = ModelFolder.open(MODELS.resolve(studentName));
        ModelFolder teacher = ModelFolder.open(MODELS.resolve(teacherName));
        try (TensorThread thread = TensorThread.start("divergence", 1)) {
            thread.run(() -> {
                try (Decoder s = Decoder.load(student.config(), student.weights(), true);
                        Decoder t = Decoder.load(teacher.config(), teacher.weights(), false)) {
                    work.accept(s, t);
                }
            });
        }
    }

    /** The parts of each row laid end to end. */
    private static List<SoftTargets> targets(Decoder teacher, int topK, double temperature) {
        List<List<SoftTargets>> parts = new ArrayList<>();
        ROWS.forEach(r -> parts.add(new ArrayList<>()));
        teacher.softTargets(ROWS, topK, temperature, (row, first, part) -> {
            assertThat(parts.get(row).stream().mapToInt(SoftTargets::positions).sum())
                    .isEqualTo(first);
            parts.get(row).add(part);
        });
        List<SoftTargets> rows = new ArrayList<>();
        for (int r = 0; r < ROWS.size(); r++) {
            int n = ROWS.get(r).completionLength();
            assertThat(parts.get(r).stream().mapToInt(SoftTargets::positions).sum())
                    .isEqualTo(n);
            rows.add(SoftTargets.join(parts.get(r)));
        }
        return rows;
    }

    private static double[][] logits(Decoder decoder) {
        try (Batch batch = Batch.of(ROWS, Batch.Kind.COMPLETION)) {
            float[] flat = decoder.logits(batch).toFloatArray();
            int v = flat.length / batch.outputs();
            double[][] rows = new double[batch.outputs()][v];
            for (int i = 0; i < flat.length; i++) {
                rows[i / v][i % v] = flat[i];
            }
            return rows;
        }
    }

    private static double[] softmax(double[] logits, double temperature) {
        double[] p = Arrays.stream(logits).map(x -> Math.exp(x / temperature)).toArray();
        double sum = Arrays.stream(p).sum();
        return Arrays.stream(p).map(x -> x / sum).toArray();
    }

    private static double divergence(double[] s, double[] t, double beta) {
        double sum = 0;
        for (int v = 0; v < s.length; v++) {
            double m = beta == 0 ? s[v] : beta == 1 ? t[v] : (1 - beta) * s[v] + beta * t[v];
            double theirs = t[v] * Math.log(t[v] / m);
            double own = s[v] * Math.log(s[v] / m);
            sum += beta == 0 ? theirs : beta == 1 ? own : beta * theirs + (1 - beta) * own;
        }
        return sum;
    }

    /** Probabilities of the ids, and of all others together. */
    private static double[] buckets(double[] p, int[] ids) {
        double[] out = new double[ids.length + 1];
        out[ids.length] = Arrays.stream(p).sum();
        for (int k = 0; k < ids.length; k++) {
            out[k] = p[ids[k]];
            out[ids.length] -= p[ids[k]];
        }
        return out;
    }

    private static int[] likeliest(double[] p, int k) {
        Integer[] order = new Integer[p.length];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, (a, b) -> Double.compare(p[b], p[a]));
        return Arrays.stream(order).limit(k).mapToInt(i -> i).toArray();
    }

    @ParameterizedTest
    @CsvSource({
        "llama3-rope-untied, 0, 1.0, 1000",
        "llama3-rope-untied, 0, 0.6, 7",
        "llama3-rope-untied, 5, 1.0, 1000",
        "llama3-rope-untied, 40, 2.0, 3",
        "gemma2, 5, 0.6, 3"
    })
    void shouldSayWhatTheTeacherThinks(String model, int topK, double temperature, int chunk) {
        with("llama-gqa-tied", model, (student, teacher) -> {
            double[][] expected = logits(teacher);
            teacher.headChunk(4 * chunk);
            int at = 0;
            for (SoftTargets row : targets(teacher, topK, temperature)) {
                assertThat(row.topK()).isEqualTo(topK);
                for (int i = 0; i < row.positions(); i++, at++) {
                    double[] p = softmax(expected[at], temperature);
                    int[] ids = Arrays.copyOfRange(row.ids(), i * topK, (i + 1) * topK);
                    double[] want = topK == 0 ? p : buckets(p, ids);
                    assertThat(topK == 0 ? ids : likeliest(p, topK)).containsExactly(ids);
                    for (int b = 0; b < want.length; b++) {
                        assertThat((double) row.logprobs()[i * row.buckets() + b])
                                .isCloseTo(Math.log(want[b]), within(2e-5));
                    }
                }
            }
        });
    }

    /** The gradient of the logits by central differences, led back by autograd over the definition. */
    @ParameterizedTest
    @CsvSource({
        "0.0, 0, 1.0, 1000",
        "0.5, 0, 0.8, 1000",
        "0.9, 0, 1.0, 4",
        "1.0, 0, 2.0, 1",
        "0.0, 6, 1.0, 1000",
        "0.3, 6, 1.5, 2",
        "1.0, 20, 1.0, 5"
    })
    void shouldHaveTheGradientOfTheFormula(double beta, int topK, double temperature, int chunk) {
        formula("llama-gqa-tied", "llama3-rope-untied", beta, topK, temperature, chunk);
    }

    /** A student whose logits have a cap. */
    @ParameterizedTest
    @CsvSource({"0.5, 0, 0.8, 1000", "0.0, 6, 1.0, 2"})
    void shouldHaveTheGradientOfTheFormulaThroughACap(double beta, int topK, double temperature, int chunk) {
        formula("gemma2", "granite", beta, topK, temperature, chunk);
    }

    private static void formula(
            String studentName, String teacherName, double beta, int topK, double temperature, int chunk) {
        with(studentName, teacherName, (student, teacher) -> {
            List<SoftTargets> targets = targets(teacher, topK, temperature);
            double[][] s = logits(student);
            double[][] t = logits(teacher);
            student.headChunk(4 * chunk);
            float[] got;
            TensorSet gradients;
            float[] weights = new float[s.length];
            for (int i = 0; i < weights.length; i++) {
                weights[i] = 0.1f + 0.05f * i;
            }
            try (Batch batch = Batch.of(ROWS, Batch.Kind.COMPLETION)) {
                try (Autograd.Recording on = Autograd.record()) {
                    NDList made = student.divergence(batch, targets, beta, temperature);
                    got = made.get(0).toFloatArray();
                    Autograd.backward(
                            made.get(0).mul(batch.manager().create(weights)).sum());
                }
                gradients = student.exportGradients();
                float[] scored = student.divergence(batch, targets, beta, temperature)
                        .get(0)
                        .toFloatArray();
                assertThat(scored).containsExactly(got);
            }
            student.zeroGrad();
            float[] d = new float[s.length * s[0].length];
            for (int i = 0; i < s.length; i++) {
                double[] theirs = softmax(t[i], temperature);
                int[] ids = likeliest(theirs, topK);
                double[] tb = topK == 0 ? theirs : buckets(theirs, ids);
                assertThat((double) got[i]).isCloseTo(loss(s[i], tb, ids, beta, temperature), within(2e-5));
                for (int v = 0; v < s[i].length; v++) {
                    double h = 1e-4;
                    double here = s[i][v];
                    s[i][v] = here + h;
                    double up = loss(s[i], tb, ids, beta, temperature);
                    s[i][v] = here - h;
                    double down = loss(s[i], tb, ids, beta, temperature);
                    s[i][v] = here;
                    d[i * s[i].length + v] = (float) ((up - down) / (2 * h) * weights[i]);
                }
            }
            student.withoutKernel();
            try (Batch batch = Batch.of(ROWS, Batch.Kind.COMPLETION);
                    Autograd.Recording on = Autograd.record()) {
                NDArray logits = student.logits(batch);
                Autograd.backward(logits, batch.manager().create(d, new Shape(s.length, s[0].length)));
            }
            TensorSet expected = student.exportGradients();
            for (String name : expected.names()) {
                float[] a = gradients.get(name).floats();
                float[] b = expected.get(name).floats();
                for (int i = 0; i < a.length; i++) {
                    assertThat(a[i]).as(name + "[" + i + "]").isCloseTo(b[i], within(2e-5f));
                }
            }
        });
    }

    private static double loss(double[] logits, double[] teacher, int[] ids, double beta, double temperature) {
        double[] s = softmax(logits, temperature);
        return divergence(ids.length == 0 ? s : buckets(s, ids), teacher, beta);
    }

    /** With all but one token apart, nothing is lumped together. */
    @Test
    void shouldEqualTheWholeDistributionWhenOnlyOneTokenIsLeftOver() {
        with((student, teacher) -> {
            int all = student.config().vocabulary();
            assertThat(targets(teacher, all - 1, 1).get(0).topK()).isZero();
            float[] whole = divergences(student, targets(teacher, 0, 1), 0.5);
            float[] nearly = divergences(student, targets(teacher, all - 2, 1), 0.5);
            float[] few = divergences(student, targets(teacher, 3, 1), 0.5);
            for (int i = 0; i < whole.length; i++) {
                assertThat(nearly[i]).isCloseTo(whole[i], within(2e-3f));
                // Lumping outcomes together never raises a divergence (data processing inequality).
                assertThat(few[i]).isLessThan(whole[i]);
            }
        });
    }

    @Test
    void shouldBeNothingFromItself() {
        with((student, teacher) -> {
            for (double beta : new double[] {0, 0.5, 1}) {
                for (float d : divergences(student, targets(student, 0, 1), beta)) {
                    assertThat(d).isCloseTo(0f, within(1e-6f));
                }
            }
        });
    }

    private static float[] divergences(Decoder student, List<SoftTargets> targets, double beta) {
        try (Batch batch = Batch.of(ROWS, Batch.Kind.COMPLETION)) {
            return student.divergence(batch, targets, beta, 1).get(0).toFloatArray();
        }
    }

    @Test
    void shouldRefuseTargetsThatDoNotFit() {
        with((student, teacher) -> {
            List<SoftTargets> good = targets(teacher, 2, 1);
            assertThatThrownBy(() -> divergences(student, good, 1.5))
                    .hasMessageContaining("beta = 1.5: expected 0 to 1");
            assertThatThrownBy(() -> divergences(student, good, Double.NaN)).hasMessageContaining("beta = NaN");
            assertThatThrownBy(() -> divergences(student, good.subList(0, 2), 0.5))
                    .hasMessageContaining("2 rows of soft targets for a batch of 4 rows");
            List<SoftTargets> other = new ArrayList<>(good);
            other.set(1, new SoftTargets(9, new int[0], new float[9 * 100]));
            assertThatThrownBy(() -> divergences(student, other, 0.5))
                    .hasMessageContaining("row 1: 9 positions of 100 log-probabilities");
            other.set(1, new SoftTargets(9, new int[18], new float[27]));
            other.get(1).ids()[3] = 260;
            assertThatThrownBy(() -> divergences(student, other, 0.5))
                    .hasMessageContaining("token 260, beyond the vocabulary of 260");
            assertThatThrownBy(() -> targets(teacher, -1, 1)).hasMessageContaining("the -1 likeliest tokens");
            assertThatThrownBy(() -> new SoftTargets(2, new int[4], new float[4]))
                    .hasMessageContaining("expected K ids and K + 1 log-probabilities");
        });
    }
}
