package dev.troupe.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.troupe.experience.Sequence;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Token rows on the device, with the positions at which a head is to be computed. It is also the scope of everything
 * computed from it: closing it frees the outputs and their graph.
 *
 * <p>A query attends to the keys of its own segment at or before its own column. So several rows may share one padded
 * line, each with its own segment number and positions counted from 0; segment 0 is padding. Segments from {@link
 * #SHARED} * n + 1 on also see segment SHARED * n, so that completions may stand behind a prompt that they share.
 */
public final class Batch implements AutoCloseable {
    /** At which positions of a row a head is wanted. */
    public enum Kind {
        /** One output for each completion token, at the position before it: log-probabilities. */
        COMPLETION,
        /** One output before each completion token and one at the last token: values. */
        STATES,
        /** One output at the last token: scores. */
        LAST,
        /** One output at every token. */
        EVERY
    }

    /** What a shared segment's number is a multiple of; decoder.py has the same number. */
    static final int SHARED = 1 << 16;

    private final NDManager manager;
    private final NDArray ids;
    private final NDArray positions;
    private final NDArray segments;
    private final NDArray selected;
    private final NDArray targets;
    private final int[] offsets;
    private final int lines;
    private final int longest;
    private final int width;

    private Batch(int[][] ids, int[][] positions, int[][] segments, int[] selected, int[] targets, int[] offsets) {
        this.manager = Libtorch.scope();
        this.lines = ids.length;
        this.longest =
                1 + Arrays.stream(positions).flatMapToInt(Arrays::stream).max().orElse(0);
        this.width = ids[0].length;
        this.ids = grid(ids);
        this.positions = grid(positions);
        this.segments = grid(segments);
        this.selected = line(selected);
        this.targets = line(targets);
        this.offsets = offsets;
    }

    /** Rows side by side, padded on the right, each a segment of its own. */
    public static Batch of(List<TokenRow> rows, Kind kind) {
        return of(rows, Lines.apart(rows), kind);
    }

    /** Rows in lines; outputs come in the order of the rows. */
    static Batch of(List<TokenRow> rows, Lines lines, Kind kind) {
        return of(
                rows,
                lines,
                rows.stream()
                        .map(row -> IntStream.range(first(row, kind), first(row, kind) + outputs(row, kind))
                                .toArray())
                        .toList());
    }

    /** Sequences side by side, with one output for each trained token, at the position before it. */
    public static Batch ofTrained(List<Sequence> sequences) {
        List<TokenRow> rows =
                sequences.stream().map(s -> new TokenRow(s.ids(), 1)).toList();
        return of(
                rows,
                Lines.apart(rows),
                sequences.stream()
                        .map(s -> IntStream.range(0, s.length() - 1)
                                .filter(t -> s.trained()[t + 1])
                                .toArray())
                        .toList());
    }

    /** @param outputs positions of each row at which a head is wanted */
    private static Batch of(List<TokenRow> rows, Lines lines, List<int[]> outputs) {
        int width = lines.width();
        int[][] ids = new int[lines.count()][width];
        int[][] positions = new int[lines.count()][width];
        int[][] segments = new int[lines.count()][width];
        int[] offsets = new int[rows.size() + 1];
        for (int r = 0; r < rows.size(); r++) {
            offsets[r + 1] = offsets[r] + outputs.get(r).length;
        }
        int[] selected = new int[offsets[rows.size()]];
        int[] targets = new int[selected.length];
        for (int r = 0; r < rows.size(); r++) {
            TokenRow row = rows.get(r);
            Lines.Place place = lines.places().get(r);
            for (int t = 0; t < row.length(); t++) {
                int column = place.column(row, t);
                ids[place.line()][column] = row.ids()[t];
                positions[place.line()][column] = t;
                segments[place.line()][column] = t < row.promptLength() ? place.promptSegment() : place.segment();
            }
            for (int i = 0; i < offsets[r + 1] - offsets[r]; i++) {
                int t = outputs.get(r)[i];
                selected[offsets[r] + i] = place.line() * width + place.column(row, t);
                targets[offsets[r] + i] = t + 1 < row.length() ? row.ids()[t + 1] : 0;
            }
        }
        return new Batch(ids, positions, segments, selected, targets, offsets);
    }

    /**
     * Any arrangement.
     *
     * @param ids [B][T] tokens
     * @param positions [B][T] position of each token in its own text
     * @param segments [B][T] which text a token belongs to, from 1; 0 is padding
     * @param selected [N] flat positions, row * T + column, at which a head is wanted
     * @param targets [N] the token whose log-probability is wanted at each of them
     */
    public static Batch of(int[][] ids, int[][] positions, int[][] segments, int[] selected, int[] targets) {
        if (selected.length != targets.length) {
            throw new IllegalArgumentException(
                    selected.length + " selected positions and " + targets.length + " targets; expected as many");
        }
        return new Batch(ids, positions, segments, selected, targets, new int[] {0, selected.length});
    }

    private static int outputs(TokenRow row, Kind kind) {
        return switch (kind) {
            case COMPLETION -> row.completionLength();
            case STATES -> row.completionLength() + 1;
            case LAST -> 1;
            case EVERY -> row.length();
        };
    }

    private static int first(TokenRow row, Kind kind) {
        return switch (kind) {
            case COMPLETION, STATES -> row.promptLength() - 1;
            case LAST -> row.length() - 1;
            case EVERY -> 0;
        };
    }

    private NDArray grid(int[][] values) {
        long[] flat = new long[lines * width];
        for (int r = 0; r < lines; r++) {
            if (values[r].length != width) {
                throw new IllegalArgumentException(
                        "row " + r + " has " + values[r].length + " columns, row 0 has " + width);
            }
            for (int t = 0; t < width; t++) {
                flat[r * width + t] = values[r][t];
            }
        }
        return manager.create(flat, new Shape(lines, width));
    }

    private NDArray line(int[] values) {
        long[] longs = new long[values.length];
        for (int i = 0; i < longs.length; i++) {
            longs[i] = values[i];
        }
        return manager.create(longs);
    }

    /** The scope of the batch and of all that is computed from it. */
    public NDManager manager() {
        return manager;
    }

    /** B, the number of lines: of rows, unless some share one. */
    public int lines() {
        return lines;
    }

    /** Tokens of the longest row: one more than its last position. */
    public int longest() {
        return longest;
    }

    /** Columns, padding included. */
    public int width() {
        return width;
    }

    /** N, the number of outputs. */
    public int outputs() {
        return offsets[offsets.length - 1];
    }

    /** [rows + 1]: outputs of row r are those from offsets[r] to offsets[r + 1]. Not to be changed. */
    public int[] offsets() {
        return offsets;
    }

    /** [B, T] int64 tokens. */
    public NDArray ids() {
        return ids;
    }

    /** [B, T] int64 positions. */
    public NDArray positions() {
        return positions;
    }

    /** [B, T] int64 segments, 0 where padded. */
    public NDArray segments() {
        return segments;
    }

    /** [N] int64 flat positions of the outputs. */
    public NDArray selected() {
        return selected;
    }

    /** [N] int64 tokens that follow the selected positions; 0 where none does. */
    public NDArray targets() {
        return targets;
    }

    @Override
    public void close() {
        manager.close();
    }
}
