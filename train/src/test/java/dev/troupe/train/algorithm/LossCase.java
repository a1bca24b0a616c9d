package dev.troupe.train.algorithm;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.Autograd;
import dev.troupe.model.Libtorch;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.train.golden.Golden;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** A golden case of a loss over padded grids: as experience, and back from flat tokens to grids. */
final class LossCase {
    private final Golden.Case golden;
    private final int columns;
    private final int[][] real;

    /** @param mask name of the grid with 1 where a token is real; real tokens need not stand side by side */
    LossCase(Golden.Case golden, String mask) {
        this.golden = golden;
        this.columns = golden.columns(mask);
        int[] flags = golden.inputInts(mask);
        real = new int[flags.length / columns][];
        for (int r = 0; r < real.length; r++) {
            int row = r;
            real[r] = IntStream.range(0, columns)
                    .filter(t -> flags[row * columns + t] != 0)
                    .toArray();
        }
    }

    int rows() {
        return real.length;
    }

    /** A grid's real numbers, row by row. */
    double[][] numbers(double[] grid) {
        double[][] out = new double[real.length][];
        for (int r = 0; r < real.length; r++) {
            int row = r;
            out[r] = IntStream.of(real[r])
                    .mapToDouble(t -> grid[row * columns + t])
                    .toArray();
        }
        return out;
    }

    double[][] numbers(String name) {
        return numbers(Golden.doubles(golden.json().path("inputs").path(name)));
    }

    /** Back to the grid, zero where padded. */
    double[] grid(double[][] rows) {
        double[] out = new double[real.length * columns];
        for (int r = 0; r < real.length; r++) {
            for (int i = 0; i < real[r].length; i++) {
                out[r * columns + real[r][i]] = rows[r][i];
            }
        }
        return out;
    }

    /** Back to the grid, with the expected numbers where padded. */
    double[] withPadding(String expected, double[][] rows) {
        double[] out = Golden.doubles(golden.expected().path(expected));
        for (int r = 0; r < real.length; r++) {
            for (int i = 0; i < real[r].length; i++) {
                out[r * columns + real[r][i]] = rows[r][i];
            }
        }
        return out;
    }

    /** A row each, groups of this many; grids that the case lacks are those of another name, or empty. */
    List<Experience> experience(
            double[][] behaviour, double[][] proximal, double[][] reference, double[] scores, int group) {
        List<Experience> batch = new ArrayList<>();
        for (int r = 0; r < real.length; r++) {
            int n = real[r].length;
            batch.add(new Experience(
                    new TrajectoryId(r / group, r % group),
                    TokenRow.of(new int[] {1}, new int[n]),
                    FinishReason.FINISH_REASON_EOS,
                    narrow(behaviour[r]),
                    narrow(proximal[r]),
                    reference.length == 0 ? new float[0] : narrow(reference[r]),
                    new float[0],
                    (float) scores[r],
                    new long[n]));
        }
        return batch;
    }

    /** Loss, gradient of the current log-probabilities as a grid, and metrics. */
    record Answer(Map<String, Double> numbers, double[] gradient) {}

    /** The loss and its gradient, with all rows in one mini-batch cut into micro-batches. */
    Answer loss(
            Algorithm algorithm,
            OffPolicy offPolicy,
            List<Experience> batch,
            Targets targets,
            double[][] current,
            double[][] entropy,
            DataType type,
            int microBatch) {
        try (TensorThread thread = TensorThread.start("loss", 1)) {
            return thread.call(() -> {
                Map<String, Double> sums = new TreeMap<>();
                double[][] gradient = new double[real.length][];
                for (int from = 0; from < real.length; from += microBatch) {
                    int[] picked = IntStream.range(from, Math.min(real.length, from + microBatch))
                            .toArray();
                    try (NDManager scope = Libtorch.scope()) {
                        part(scope, algorithm, offPolicy, batch, targets, current, entropy, type, picked, gradient)
                                .forEach((name, x) -> sums.merge(name, x, Double::sum));
                    }
                }
                return new Answer(sums, grid(gradient));
            });
        }
    }

    private Map<String, Double> part(
            NDManager scope,
            Algorithm algorithm,
            OffPolicy offPolicy,
            List<Experience> batch,
            Targets targets,
            double[][] current,
            double[][] entropy,
            DataType type,
            int[] picked,
            double[][] gradient) {
        Loss loss = algorithm.loss();
        int tokens = IntStream.range(0, real.length).map(r -> real[r].length).sum();
        LossInputs inputs =
                LossInputs.of(scope, type, batch, targets, picked, loss, algorithm.klCoef(), tokens, real.length);
        inputs.weigh(offPolicy);
        NDArray now = array(scope, flat(current, picked), type);
        now.setRequiresGradient(true);
        Map<String, Double> numbers = new TreeMap<>();
        try (Autograd.Recording on = Autograd.record()) {
            Map<String, NDArray> answers = inputs.loss(loss, now, array(scope, flat(entropy, picked), type));
            Autograd.backward(Loss.of(answers));
            answers.forEach((name, x) ->
                    numbers.put(name, x.toType(DataType.FLOAT64, false).toDoubleArray()[0]));
        }
        double[] slope = now.getGradient().toType(DataType.FLOAT64, false).toDoubleArray();
        int at = 0;
        for (int r : picked) {
            gradient[r] = new double[real[r].length];
            for (int t = 0; t < gradient[r].length; t++) {
                gradient[r][t] = slope[at++];
            }
        }
        return numbers;
    }

    private static double[] flat(double[][] rows, int[] picked) {
        return IntStream.of(picked)
                .mapToObj(r -> rows[r])
                .flatMapToDouble(java.util.Arrays::stream)
                .toArray();
    }

    private static NDArray array(NDManager scope, double[] numbers, DataType type) {
        return type == DataType.FLOAT64 ? scope.create(numbers) : scope.create(narrow(numbers));
    }

    static float[] narrow(double[] wide) {
        float[] out = new float[wide.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) wide[i];
        }
        return out;
    }
}
