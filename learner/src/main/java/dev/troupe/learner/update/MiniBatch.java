package dev.troupe.learner.update;

import dev.troupe.learner.algorithm.Experience;
import dev.troupe.learner.algorithm.Needs;
import dev.troupe.learner.algorithm.Targets;
import dev.troupe.learner.loss.Groups;
import dev.troupe.learner.optim.Shuffle;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The rows of one optimizer step, cut into micro-batches of rows of like length. Two are equal only if they are the
 * same object.
 */
final class MiniBatch {
    private final List<int[]> microBatches = new ArrayList<>();
    private final int rows;
    private final int tokens;
    private final int states;

    private MiniBatch(List<Experience> batch, Targets targets, int[] order, int[] starts, int microBatch) {
        List<int[]> longestFirst = new ArrayList<>();
        for (int[] unit : units(order, starts)) {
            longestFirst.add(unit);
        }
        longestFirst.sort(Comparator.comparingInt((int[] unit) -> longest(batch, unit))
                .reversed()
                .thenComparing(unit -> unit[0]));
        int size = longestFirst.stream().mapToInt(u -> u.length).max().orElse(1);
        int unitsAtOnce = Math.max(1, microBatch / size);
        for (int from = 0; from < longestFirst.size(); from += unitsAtOnce) {
            microBatches.add(longestFirst.subList(from, Math.min(longestFirst.size(), from + unitsAtOnce)).stream()
                    .flatMapToInt(IntStream::of)
                    .toArray());
        }
        rows = microBatches.stream().mapToInt(m -> m.length).sum();
        tokens = rowsOf().map(r -> batch.get(r).length()).sum();
        states = targets.states()
                .map(s -> rowsOf().map(r -> s.values()[r].length).sum())
                .orElse(0);
    }

    private IntStream rowsOf() {
        return microBatches.stream().flatMapToInt(IntStream::of);
    }

    private static List<int[]> units(int[] units, int[] starts) {
        List<int[]> rows = new ArrayList<>();
        for (int u : units) {
            rows.add(IntStream.range(starts[u], starts[u + 1]).toArray());
        }
        return rows;
    }

    private static int longest(List<Experience> batch, int[] unit) {
        return IntStream.of(unit).map(r -> batch.get(r).row().length()).max().orElseThrow();
    }

    /**
     * The optimizer steps of an epoch. With one a pass the order of rows does not matter and none is drawn. Where the
     * algorithm needs groups, none is cut.
     *
     * @param together keep a group's rows in one micro-batch, as far as it holds them: they share their prompt there
     */
    static List<MiniBatch> ofEpoch(
            List<Experience> batch,
            Targets targets,
            Needs needs,
            UpdateSettings settings,
            long step,
            int epoch,
            boolean together) {
        int[] groups = needs.groups()
                ? Groups.starts(batch.stream().mapToLong(e -> e.id().draw()).toArray())
                : IntStream.rangeClosed(0, batch.size()).toArray();
        int units = groups.length - 1;
        int longest = IntStream.range(0, units)
                .map(u -> groups[u + 1] - groups[u])
                .max()
                .orElse(1);
        boolean whole = needs.pairs() || (together && longest <= settings.microBatch());
        int parts = Math.min(settings.miniBatches(), units);
        int[] order =
                parts == 1 ? IntStream.range(0, units).toArray() : Shuffle.order(settings.seed(), step, epoch, units);
        List<MiniBatch> minis = new ArrayList<>();
        for (int p = 0; p < parts; p++) {
            int[] some = java.util.Arrays.copyOfRange(order, units * p / parts, units * (p + 1) / parts);
            minis.add(
                    whole
                            ? new MiniBatch(batch, targets, some, groups, settings.microBatch())
                            : new MiniBatch(
                                    batch,
                                    targets,
                                    rows(some, groups),
                                    IntStream.rangeClosed(0, batch.size()).toArray(),
                                    settings.microBatch()));
        }
        return minis;
    }

    private static int[] rows(int[] units, int[] starts) {
        return units(units, starts).stream().flatMapToInt(IntStream::of).toArray();
    }

    /** Row numbers of each micro-batch. */
    List<int[]> microBatches() {
        return microBatches;
    }

    /** Rows in all. */
    int rows() {
        return rows;
    }

    /** Completion tokens in all. */
    int tokens() {
        return tokens;
    }

    /** States with a value to learn, in all; 0 without a value model. */
    int states() {
        return states;
    }
}
