package dev.troupe.model;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The likeliest tokens at each place of a text. */
public final class TopTokens {
    private TopTokens() {}

    /**
     * A token that could have stood there.
     *
     * @param logprob its plain log-probability
     */
    public record Candidate(int id, double logprob) {}

    /**
     * For each token after the first, the {@code count} likeliest tokens at its place, the likeliest first. To be
     * called on the decoder's thread.
     */
    public static List<List<Candidate>> of(Decoder decoder, int[] ids, int count) {
        if (count < 1 || count > decoder.config().vocabulary()) {
            throw new IllegalArgumentException("the " + count + " likeliest tokens of a vocabulary of "
                    + decoder.config().vocabulary() + ": expected from 1 to the vocabulary");
        }
        TokenRow row = new TokenRow(ids, 1);
        List<List<Candidate>> places = new ArrayList<>();
        if (row.completionLength() == 0) {
            return places;
        }
        try (Batch batch = Batch.of(List.of(row), Batch.Kind.COMPLETION)) {
            float[] logits = decoder.logits(batch).toFloatArray();
            int vocabulary = logits.length / row.completionLength();
            for (int i = 0; i < row.completionLength(); i++) {
                places.add(top(logits, i * vocabulary, vocabulary, count));
            }
        }
        return places;
    }

    private static List<Candidate> top(float[] logits, int from, int vocabulary, int count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int v = 0; v < vocabulary; v++) {
            max = Math.max(max, logits[from + v]);
        }
        double sum = 0;
        for (int v = 0; v < vocabulary; v++) {
            sum += Math.exp(logits[from + v] - max);
        }
        double normalizer = max + Math.log(sum);
        return IntStream.range(0, vocabulary)
                .boxed()
                .sorted((a, b) -> Float.compare(logits[from + b], logits[from + a]))
                .limit(count)
                .map(v -> new Candidate(v, logits[from + v] - normalizer))
                .toList();
    }
}
