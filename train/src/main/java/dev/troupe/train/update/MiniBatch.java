package dev.troupe.train.update;

import dev.troupe.model.TokenRow;
import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.Needs;
import dev.troupe.train.algorithm.Targets;
import dev.troupe.train.loss.Groups;
import dev.troupe.train.optim.Shuffle;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
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

    /**
     * @param units rows that stay together; as many units a micro-batch as it holds, at least one
     * @param width of a unit in a pass: like stand with like
     */
    private MiniBatch(
            List<Experience> batch, Targets targets, List<int[]> units, ToIntFunction<int[]> width, int microBatch) {
        List<int[]> widestFirst = new ArrayList<>(units);
        widestFirst.sort(Comparator.comparingInt(width).reversed().thenComparing(unit -> unit[0]));
        int[] filling = {};
        for (int[] unit : widestFirst) {
            if (filling.length > 0 && filling.length + unit.length > microBatch) {
                microBatches.add(filling);
                filling = new int[0];
            }
            filling = joined(filling, unit);
        }
        microBatches.add(filling);
        rows = microBatches.stream().mapToInt(m -> m.length).sum();
        tokens = rowsOf().map(r -> batch.get(r).length()).sum();
        states = targets.states()
                .map(s -> rowsOf().map(r -> s.values()[r].length).sum())
                .orElse(0);
    }

    private IntStream rowsOf() {
        return microBatches.stream().flatMapToInt(IntStream::of);
    }

    /** Rows of one prompt together, or each alone. */
    private static List<int[]> units(List<Experience> batch, int[] rows, boolean byPrompt) {
        Map<Long, int[]> units = new LinkedHashMap<>();
        for (int row : rows) {
            long key = byPrompt ? batch.get(row).id().draw() : row;
            units.merge(key, new int[] {row}, MiniBatch::joined);
        }
        return List.copyOf(units.values());
    }

    private static int[] joined(int[] some, int[] more) {
        return IntStream.concat(IntStream.of(some), IntStream.of(more)).toArray();
    }

    /** Columns of the unit's prompt and all its completions behind it. */
    private static int lined(List<Experience> batch, int[] unit) {
        return batch.get(unit[0]).row().promptLength()
                + IntStream.of(unit).map(r -> batch.get(r).length()).sum();
    }

    private static int longest(List<Experience> batch, int[] unit) {
        return IntStream.of(unit).map(r -> batch.get(r).row().length()).max().orElseThrow();
    }

    /**
     * The optimizer steps of an epoch. With one a pass the order of rows does not matter and none is drawn. Where the
     * algorithm needs groups, none is cut.
     *
     * @param sharing whether rows would share their prompts in a pass; then those of a prompt stay in one micro-batch,
     *     if that holds those of every prompt
     */
    static List<MiniBatch> ofEpoch(
            List<Experience> batch,
            Targets targets,
            Needs needs,
            UpdateSettings settings,
            long step,
            int epoch,
            Predicate<List<TokenRow>> sharing) {
        int[] groups = needs.groups()
                ? Groups.starts(batch.stream().mapToLong(e -> e.id().draw()).toArray())
                : IntStream.rangeClosed(0, batch.size()).toArray();
        int units = groups.length - 1;
        int parts = Math.min(settings.miniBatches(), units);
        int[] order =
                parts == 1 ? IntStream.range(0, units).toArray() : Shuffle.order(settings.seed(), step, epoch, units);
        List<MiniBatch> minis = new ArrayList<>();
        for (int p = 0; p < parts; p++) {
            int[] rows = IntStream.of(Arrays.copyOfRange(order, units * p / parts, units * (p + 1) / parts))
                    .flatMap(u -> IntStream.range(groups[u], groups[u + 1]))
                    .toArray();
            List<int[]> byPrompt = units(batch, rows, true);
            boolean together = sharing.test(
                            IntStream.of(rows).mapToObj(r -> batch.get(r).row()).toList())
                    && byPrompt.stream().allMatch(u -> u.length <= settings.microBatch());
            minis.add(new MiniBatch(
                    batch,
                    targets,
                    together || needs.pairs() ? byPrompt : units(batch, rows, false),
                    unit -> together ? lined(batch, unit) : longest(batch, unit),
                    settings.microBatch()));
        }
        return minis;
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
