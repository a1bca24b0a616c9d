package dev.troupe.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How token rows lie in the padded lines of a batch.
 *
 * @param places of each row
 * @param count lines
 * @param width columns of the longest line
 */
record Lines(List<Place> places, int count, int width) {
    /** What a query and a key cost, in multiplications over a head's width: small products and a softmax. */
    private static final int SCORE_COST = 4;

    /**
     * A row's place.
     *
     * @param completion column of its first completion token; the prompt begins the line
     * @param promptSegment number of the prompt's segment
     * @param segment number of the completion's
     */
    record Place(int line, int completion, int promptSegment, int segment) {
        /** The column of a row's token t. */
        int column(TokenRow row, int t) {
            return t < row.promptLength() ? t : completion + t - row.promptLength();
        }
    }

    /** A line for each row. */
    static Lines apart(List<TokenRow> rows) {
        if (rows.isEmpty()) {
            throw new IllegalArgumentException("a batch needs at least one row");
        }
        List<Place> places = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            places.add(new Place(r, rows.get(r).promptLength(), 1, 1));
        }
        return new Lines(
                places,
                rows.size(),
                rows.stream().mapToInt(TokenRow::length).max().orElseThrow());
    }

    /** A line for each prompt, and all its completions behind it: the prompt is computed once. */
    static Lines together(List<TokenRow> rows) {
        Map<List<Integer>, Integer> lines = new LinkedHashMap<>();
        List<Integer> lengths = new ArrayList<>();
        List<Integer> members = new ArrayList<>();
        List<Place> places = new ArrayList<>();
        for (TokenRow row : rows) {
            List<Integer> prompt =
                    Arrays.stream(row.ids(), 0, row.promptLength()).boxed().toList();
            int line = lines.computeIfAbsent(prompt, p -> {
                lengths.add(row.promptLength());
                members.add(0);
                return lengths.size() - 1;
            });
            members.set(line, members.get(line) + 1);
            places.add(new Place(line, lengths.get(line), Batch.SHARED, Batch.SHARED + members.get(line)));
            lengths.set(line, lengths.get(line) + row.completionLength());
        }
        return new Lines(
                places,
                lengths.size(),
                lengths.stream().mapToInt(Integer::intValue).max().orElseThrow());
    }

    /**
     * Together if that takes less work and no more memory: what is saved of the layers' products, attention over longer
     * lines costs.
     */
    static Lines cheapest(List<TokenRow> rows, ModelConfig config) {
        Lines apart = apart(rows);
        if (rows.size() >= Batch.SHARED) {
            return apart;
        }
        Lines together = together(rows);
        boolean better = together.work(config) < apart.work(config) && together.kept(config) <= apart.kept(config);
        return better ? together : apart;
    }

    /** Numbers that a layer keeps for its backward pass: inputs and outputs of its products, and probabilities. */
    private double kept(ModelConfig c) {
        double heads = (double) c.heads() * c.headDim();
        double keys = (double) c.kvHeads() * c.headDim();
        double each = 2.0 * c.hidden() + 3 * heads + 3 * keys + 4.0 * c.intermediate();
        return count * (width * each + (double) width * width * c.heads());
    }

    /** Multiplications in one layer. */
    private double work(ModelConfig c) {
        double heads = (double) c.heads() * c.headDim();
        double keys = 2.0 * c.kvHeads() * c.headDim();
        double products = c.hidden() * (2 * heads + keys + 3.0 * c.intermediate());
        return count * (width * products + (double) width * width * heads * SCORE_COST);
    }
}
