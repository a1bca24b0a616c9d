package dev.troupe.train.offline;

import dev.troupe.model.TensorThread;
import dev.troupe.train.optim.GradientClip;
import dev.troupe.train.optim.Shuffle;
import dev.troupe.train.optim.TrainedModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Trains a model on items that lie in memory. What a step trains on is a function of (seed, step), so that training
 * that
 * goes on from a checkpoint equals training that never stopped, byte for byte.
 *
 * <p>A step's micro-batches are dealt to the model and to a {@link Twin} of it on a second thread, if there is one;
 * their gradients are added in that order.
 */
public final class OfflineTrainer {
    /** Batches among which items are sorted by length. */
    private static final int WINDOW = 16;

    private final TrainedModel model;
    private final @Nullable TensorThread second;
    private final OfflineSettings settings;

    /** Sees each step. */
    public interface Progress {
        /**
         * After an optimizer step.
         *
         * @param step from 1
         * @param metrics loss, lr, grad_norm and the objective's own
         * @return whether to go on
         */
        boolean onStep(int step, Map<String, Double> metrics);
    }

    /** Without a second thread (for models that fill memory) micro-batches run one after another. */
    public OfflineTrainer(TrainedModel model, @Nullable TensorThread second, OfflineSettings settings) {
        this.model = model;
        this.second = second;
        this.settings = settings;
    }

    /**
     * Runs the schedule's steps.
     *
     * @param doneSteps steps that were made before (a checkpoint's); 0 to begin
     * @throws IllegalStateException when a loss or gradient is not finite, before the weights change
     */
    public void train(Objective objective, int doneSteps, Progress progress) {
        if (objective.items() == 0) {
            throw new IllegalArgumentException("nothing to train on: the data has no rows");
        }
        int batches = ceilDiv(objective.items(), settings.batchRows());
        int epoch = -1;
        List<int[]> order = List.of();
        try (Workers workers = Workers.of(model, second)) {
            for (int step = doneSteps; step < settings.schedule().steps(); step++) {
                if (step / batches != epoch) {
                    epoch = step / batches;
                    order = order(objective, epoch);
                }
                if (!progress.onStep(step + 1, step(objective, step, order.get(step % batches), workers))) {
                    return;
                }
            }
        }
    }

    private Map<String, Double> step(Objective objective, int step, int[] items, Workers workers) {
        double count = Arrays.stream(items).mapToLong(objective::weight).sum();
        double[] statistics = workers.accumulate(objective, microBatches(objective, items), count, dropSeed(step));
        float[] norms = model.thread().call(() -> model.optimizer().gradientNorms());
        double norm = GradientClip.joint(List.of(norms));
        if (!Double.isFinite(norm) || !Double.isFinite(statistics[0])) {
            throw notFinite(objective, step, items, count, statistics[0], norms);
        }
        double rate = settings.learningRate() * settings.schedule().factor(step);
        double scale = GradientClip.scale(norm, settings.maxGradNorm());
        model.thread().run(() -> model.optimizer().step(rate, scale));
        Map<String, Double> metrics = new HashMap<>(objective.metrics(statistics, count));
        metrics.put("lr", rate);
        metrics.put("grad_norm", norm);
        return metrics;
    }

    /** The same whatever was drawn before, and apart from every other step's. */
    private long dropSeed(int step) {
        return settings.seed() * 1_000_003 + (long) step * 2 * settings.batchRows();
    }

    /** At least two, of about equal work, so that two threads have some. */
    private List<int[]> microBatches(Objective objective, int[] items) {
        int parts = Math.max(Math.min(2, items.length), ceilDiv(items.length, settings.microBatch()));
        int[] sorted = Arrays.stream(items)
                .boxed()
                .sorted(Comparator.comparingInt(objective::length))
                .mapToInt(Integer::intValue)
                .toArray();
        List<int[]> micros = new ArrayList<>();
        for (int p = 0; p < parts; p++) {
            micros.add(Arrays.copyOfRange(
                    sorted, (int) ((long) sorted.length * p / parts), (int) ((long) sorted.length * (p + 1) / parts)));
        }
        return micros;
    }

    /** The batches of an epoch: drawn at random, but of items of like length. */
    private List<int[]> order(Objective objective, int epoch) {
        int n = objective.items();
        int[] drawn = Shuffle.order(settings.seed(), epoch, 0, n);
        int window = settings.batchRows() * WINDOW;
        List<int[]> batches = new ArrayList<>();
        for (int from = 0; from < n; from += window) {
            int[] sorted = Arrays.stream(drawn, from, Math.min(n, from + window))
                    .boxed()
                    .sorted(Comparator.comparingInt(objective::length))
                    .mapToInt(Integer::intValue)
                    .toArray();
            for (int at = 0; at < sorted.length; at += settings.batchRows()) {
                batches.add(Arrays.copyOfRange(sorted, at, Math.min(sorted.length, at + settings.batchRows())));
            }
        }
        int[] places = Shuffle.order(settings.seed(), epoch, 1, batches.size());
        return IntStream.of(places).mapToObj(batches::get).toList();
    }

    private static int ceilDiv(int a, int b) {
        return (a + b - 1) / b;
    }

    private IllegalStateException notFinite(
            Objective objective, int step, int[] items, double count, double loss, float[] norms) {
        for (int item : items) {
            model.thread().run(() -> model.decoder().zeroGrad());
            float[] alone = model.thread().call(() -> objective.accumulate(model.decoder(), new int[] {item}, count));
            float[] own = model.thread().call(() -> model.optimizer().gradientNorms());
            if (!Float.isFinite(alone[0]) || !Double.isFinite(GradientClip.joint(List.of(own)))) {
                model.thread().run(() -> model.decoder().zeroGrad());
                return new IllegalStateException("step " + (step + 1) + ": the loss of row " + item + " is " + alone[0]
                        + " and its gradient norm " + GradientClip.joint(List.of(own))
                        + "; the weights are as before the step");
            }
        }
        model.thread().run(() -> model.decoder().zeroGrad());
        return new IllegalStateException("step " + (step + 1) + ": the loss is " + loss + ", the gradient norm "
                + GradientClip.joint(List.of(norms)) + ", though each row's alone is finite");
    }
}
