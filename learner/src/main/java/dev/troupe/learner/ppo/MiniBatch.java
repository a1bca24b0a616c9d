package dev.troupe.learner.ppo;

import dev.troupe.learner.optim.Shuffle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The rows of one optimizer step, cut into micro-batches of rows of like length. Two are equal only if they are the
 * same object.
 */
final class MiniBatch {
    private final List<int[]> microBatches = new ArrayList<>();
    private int tokens;
    private int states;

    private MiniBatch(List<Experience> batch, List<Integer> rows, PpoSettings settings) {
        List<Integer> longestFirst = new ArrayList<>(rows);
        longestFirst.sort(
                Comparator.comparingInt((Integer r) -> batch.get(r).row().length())
                        .reversed()
                        .thenComparing(Comparator.naturalOrder()));
        int[] order = longestFirst.stream().mapToInt(Integer::intValue).toArray();
        for (int from = 0; from < order.length; from += settings.microBatch()) {
            microBatches.add(Arrays.copyOfRange(order, from, Math.min(order.length, from + settings.microBatch())));
        }
        for (int r : order) {
            tokens += batch.get(r).length();
            states += PpoTargets.states(batch.get(r), settings.width());
        }
    }

    /** The optimizer steps of an epoch. With one a pass the order of rows does not matter and none is drawn. */
    static List<MiniBatch> ofEpoch(List<Experience> batch, PpoSettings settings, long step, int epoch) {
        int parts = Math.min(settings.miniBatches(), batch.size());
        int[] order = parts == 1
                ? java.util.stream.IntStream.range(0, batch.size()).toArray()
                : Shuffle.order(settings.seed(), step, epoch, batch.size());
        List<MiniBatch> minis = new ArrayList<>();
        for (int p = 0; p < parts; p++) {
            List<Integer> rows = new ArrayList<>();
            for (int i = order.length * p / parts; i < order.length * (p + 1) / parts; i++) {
                rows.add(order[i]);
            }
            minis.add(new MiniBatch(batch, rows, settings));
        }
        return minis;
    }

    /** Row numbers of each micro-batch. */
    List<int[]> microBatches() {
        return microBatches;
    }

    /** Rows in all. */
    int rows() {
        return microBatches.stream().mapToInt(m -> m.length).sum();
    }

    /** Completion tokens in all. */
    int tokens() {
        return tokens;
    }

    /** States with a value to learn, in all. */
    int states() {
        return states;
    }
}
