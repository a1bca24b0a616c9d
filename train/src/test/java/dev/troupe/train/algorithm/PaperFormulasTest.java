package dev.troupe.train.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.Autograd;
import dev.troupe.model.Libtorch;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.train.loss.Gae;
import dev.troupe.train.loss.Groups;
import dev.troupe.train.loss.KlEstimator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Algorithms that no golden case covers, against the papers' formulas in float64, and what holds for all. */
class PaperFormulasTest {
    private static final int ROWS = 8;
    private static final double STEP = 1e-6;
    private static final double KL_COEF = 0.1;

    private final Random random = new Random(11);

    /** Trajectories of 1 to 5 tokens in pairs, of which one in four did not end itself. */
    private List<Experience> batch(int group) {
        List<Experience> batch = new ArrayList<>();
        for (int r = 0; r < ROWS; r++) {
            int n = 1 + random.nextInt(5);
            float[] behaviour = floats(n, -3, -0.1);
            batch.add(new Experience(
                    new TrajectoryId(r / group, r % group),
                    TokenRow.of(new int[] {1}, new int[n]),
                    r % 4 == 3 ? FinishReason.FINISH_REASON_LENGTH : FinishReason.FINISH_REASON_EOS,
                    behaviour,
                    behaviour,
                    floats(n, -3, -0.1),
                    new float[0],
                    (float) random.nextGaussian(),
                    new long[n]));
        }
        return batch;
    }

    private float[] floats(int n, double from, double to) {
        float[] out = new float[n];
        for (int i = 0; i < n; i++) {
            out[i] = (float) (from + (to - from) * random.nextDouble());
        }
        return out;
    }

    /** arXiv 2501.03262, eq. 6 and 7: reward to go of score and k1, normalised over the batch's tokens. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void reinforcePlusPlusAdvantages(boolean baseline) {
        List<Experience> batch = batch(2);
        double coef = 0.07;
        ReinforcePlusPlus algorithm = new ReinforcePlusPlus(coef, KlEstimator.K1, 0.2, 0.3, baseline, 0.5);
        List<Double> toGo = new ArrayList<>();
        for (int r = 0; r < ROWS; r++) {
            Experience e = batch.get(r);
            double score = score(e);
            if (baseline) {
                score -= (score(batch.get(r)) + score(batch.get(r ^ 1))) / 2;
            }
            for (int t = 0; t < e.length(); t++) {
                double kl = 0;
                for (int u = t; u < e.length(); u++) {
                    kl += (double) e.behaviourLogprobs()[u] - e.referenceLogprobs()[u];
                }
                toGo.add(score - coef * kl);
            }
        }
        double mean = toGo.stream().mapToDouble(x -> x).average().orElseThrow();
        double variance =
                toGo.stream().mapToDouble(x -> (x - mean) * (x - mean)).sum() / (toGo.size() - 1);
        Targets targets = algorithm.targets(batch, coef);
        int at = 0;
        for (double[] row : targets.advantages()) {
            for (double a : row) {
                assertThat(a).isCloseTo((toGo.get(at++) - mean) / Math.sqrt(variance + 1e-8), within(1e-9));
            }
        }
        assertThat(at).isEqualTo(toGo.size());
    }

    private static double score(Experience e) {
        return e.score() - (e.ended() ? 0 : 0.5);
    }

    /** arXiv 2402.04792 with eq. 7 of arXiv 2305.18290 or eq. 17 of arXiv 2310.12036, and its derivative. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void onlineDpoLossAndGradient(boolean ipo) {
        List<Experience> batch = batch(2);
        OnlineDpo dpo = new OnlineDpo(0.3, ipo, 0.5);
        Targets targets = dpo.targets(batch, 0);
        double[][] current = current(batch);
        Map<String, Double> numbers = new TreeMap<>();
        double[][] gradient = gradient(dpo, batch, targets, current, 4, numbers);
        assertThat(numbers.get("loss")).isCloseTo(dpo(batch, current, ipo), within(1e-9));
        int right = 0;
        for (int p = 0; p < ROWS; p += 2) {
            right += margin(batch, current, p) > 0 ? 1 : 0;
        }
        assertThat(numbers.get("rewards/accuracies")).isEqualTo(2.0 * right / ROWS);
        for (int r = 0; r < ROWS; r++) {
            for (int t = 0; t < current[r].length; t++) {
                double[][] up = Arrays.stream(current).map(double[]::clone).toArray(double[][]::new);
                up[r][t] += STEP;
                double[][] down = Arrays.stream(current).map(double[]::clone).toArray(double[][]::new);
                down[r][t] -= STEP;
                double slope = (dpo(batch, up, ipo) - dpo(batch, down, ipo)) / (2 * STEP);
                assertThat(gradient[r][t]).isCloseTo(slope, within(1e-7));
            }
        }
    }

    private static double dpo(List<Experience> batch, double[][] current, boolean ipo) {
        double beta = 0.3;
        double sum = 0;
        for (int p = 0; p < ROWS; p += 2) {
            double d = margin(batch, current, p);
            sum += ipo ? (d - 1 / (2 * beta)) * (d - 1 / (2 * beta)) : Math.log1p(Math.exp(-beta * d));
        }
        return sum / (ROWS / 2.0);
    }

    private static double margin(List<Experience> batch, double[][] current, int p) {
        double[] logRatio = new double[2];
        for (int i = 0; i < 2; i++) {
            for (int t = 0; t < current[p + i].length; t++) {
                logRatio[i] += current[p + i][t] - batch.get(p + i).referenceLogprobs()[t];
            }
        }
        boolean first = score(batch.get(p)) >= score(batch.get(p + 1));
        return first ? logRatio[0] - logRatio[1] : logRatio[1] - logRatio[0];
    }

    private double[][] current(List<Experience> batch) {
        return batch.stream()
                .map(e -> random.doubles(e.length(), -3, -0.1).toArray())
                .toArray(double[][]::new);
    }

    /** In float64, in micro-batches of this many rows. */
    private static double[][] gradient(
            Algorithm algorithm,
            List<Experience> batch,
            Targets targets,
            double[][] current,
            int microBatch,
            Map<String, Double> numbers) {
        double[][] gradient = new double[ROWS][];
        int tokens = batch.stream().mapToInt(Experience::length).sum();
        try (TensorThread thread = TensorThread.start("loss", 1)) {
            thread.run(() -> {
                for (int from = 0; from < ROWS; from += microBatch) {
                    int[] picked = IntStream.range(from, from + microBatch).toArray();
                    try (NDManager scope = Libtorch.scope()) {
                        Loss loss = algorithm.loss();
                        LossInputs inputs = LossInputs.of(
                                scope, DataType.FLOAT64, batch, targets, picked, loss, KL_COEF, tokens, ROWS);
                        NDArray now = scope.create(IntStream.of(picked)
                                .mapToObj(r -> current[r])
                                .flatMapToDouble(Arrays::stream)
                                .toArray());
                        now.setRequiresGradient(true);
                        try (Autograd.Recording on = Autograd.record()) {
                            Map<String, NDArray> answers = inputs.loss(loss, now, now.duplicate());
                            Autograd.backward(Loss.of(answers));
                            answers.forEach((name, x) -> numbers.merge(name, x.getDouble(), Double::sum));
                        }
                        double[] slope = now.getGradient().toDoubleArray();
                        int at = 0;
                        for (int r : picked) {
                            gradient[r] = Arrays.copyOfRange(slope, at, at + current[r].length);
                            at += current[r].length;
                        }
                    }
                }
            });
        }
        return gradient;
    }

    /**
     * Schulman 2020, "Approximating KL divergence": with {@code r = reference / policy} probability, k1 is
     * {@code -log r}, k2 {@code (log r)^2 / 2}, k3 {@code (r - 1) - log r}; over d log policy they have the slopes 1,
     * {@code -log r} and {@code 1 - r}. With advantages of 0 nothing but the KL is left of the loss.
     */
    @ParameterizedTest
    @EnumSource(KlEstimator.class)
    void theKlInTheLossAndItsGradient(KlEstimator estimator) {
        List<Experience> batch = batch(2);
        double[][] current = current(batch);
        Targets targets = Targets.ofCompletions(batch, new double[ROWS], Map.of());
        int tokens = batch.stream().mapToInt(Experience::length).sum();
        for (boolean weighed : new boolean[] {false, true}) {
            Map<String, Double> numbers = new TreeMap<>();
            double[][] gradient = gradient(withKl(estimator, weighed), batch, targets, current, 4, numbers);
            double sum = 0;
            for (int r = 0; r < ROWS; r++) {
                for (int t = 0; t < current[r].length; t++) {
                    double ratio = Math.exp(batch.get(r).referenceLogprobs()[t] - current[r][t]);
                    double k = List.of(-Math.log(ratio), Math.pow(Math.log(ratio), 2) / 2, ratio - 1 - Math.log(ratio))
                            .get(estimator.ordinal());
                    double slope = List.of(1.0, -Math.log(ratio), 1 - ratio).get(estimator.ordinal());
                    // use_bias_correction_kl: k times current / proximal, whose slope is itself.
                    double weight = Math.exp(current[r][t] - batch.get(r).proximalLogprobs()[t]);
                    double expected = weighed ? weight * (slope + k) : slope;
                    assertThat(gradient[r][t]).isCloseTo(KL_COEF * expected / tokens, within(1e-12));
                    sum += weighed ? weight * k : k;
                }
            }
            assertThat(numbers.get("kl")).isCloseTo(sum / tokens, within(1e-12));
            assertThat(numbers.get("loss")).isCloseTo(KL_COEF * sum / tokens, within(1e-12));
        }
    }

    private static Grpo withKl(KlEstimator estimator, boolean weighed) {
        double off = Double.POSITIVE_INFINITY;
        return new Grpo(
                "grpo",
                Grpo.LossType.DAPO,
                Grpo.ScaleRewards.GROUP,
                Map.of(),
                KL_COEF,
                estimator,
                weighed,
                0.2,
                0.2,
                off,
                false,
                off,
                0,
                false,
                new Overlong(0, 0),
                0,
                0,
                Map.of());
    }

    @Test
    void anOnlineDpoPairThatIsNoPairIsRefused() {
        List<Experience> batch = batch(2).subList(0, 5);
        assertThatThrownBy(() -> new OnlineDpo(0.1, false, 0).targets(batch, 0))
                .hasMessage("online_dpo: prompt 2 has 1 completions; expected num_generations = 2");
    }

    @Test
    void leaveOneOutAdvantagesSumToZeroInAGroup() {
        double[] rewards = random.doubles(12, -5, 5).toArray();
        double[] advantages = Groups.leaveOneOut(rewards, new int[] {0, 4, 7, 12});
        for (int[] group : new int[][] {{0, 4}, {4, 7}, {7, 12}}) {
            assertThat(Arrays.stream(advantages, group[0], group[1]).sum()).isCloseTo(0, within(1e-12));
        }
        assertThat(advantages[0]).isCloseTo(rewards[0] - (rewards[1] + rewards[2] + rewards[3]) / 3, within(1e-12));
    }

    @Test
    void fullReturnsAreRewardToGoLessValue() {
        double[] rewards = random.doubles(7, -1, 1).toArray();
        double[] values = random.doubles(7, -1, 1).toArray();
        double[] advantages = Gae.advantages(rewards, values, 1, 1);
        double toGo = 0;
        for (int t = 6; t >= 0; t--) {
            toGo += rewards[t];
            assertThat(advantages[t]).isCloseTo(toGo - values[t], within(1e-12));
        }
    }

    @Test
    void theKlCoefficientFollowsItsTarget() {
        KlControl control = KlControl.adaptive(0.1, 6, 1000);
        control.observe(12, 100); // far above: the error is cut to 0.2
        assertThat(control.coefficient()).isCloseTo(0.1 * (1 + 0.2 * 100 / 1000), within(1e-15));
        control.observe(5.4, 100);
        assertThat(control.coefficient()).isCloseTo(0.102 * (1 - 0.1 * 0.1), within(1e-15));
        KlControl fixed = KlControl.fixed(0.1);
        fixed.observe(100, 1000);
        assertThat(fixed.coefficient()).isEqualTo(0.1);
        assertThatThrownBy(() -> KlControl.adaptive(0.1, 0, 1)).hasMessageStartingWith("kl.target = 0");
    }
}
