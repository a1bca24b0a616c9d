package dev.troupe.train.offline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.troupe.model.Autograd;
import dev.troupe.model.Batch;
import dev.troupe.model.Decoder;
import dev.troupe.model.TokenRow;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code algorithm = sft}: the mean negative log-likelihood of the completion tokens. A plain text is a row whose
 * prompt is its first token.
 */
public final class LanguageModelling implements Objective {
    private final List<TokenRow> rows;

    /** Over these rows; an error names one without a completion. */
    public LanguageModelling(List<TokenRow> rows) {
        for (int i = 0; i < rows.size(); i++) {
            if (rows.get(i).completionLength() < 1) {
                throw new IllegalArgumentException("row " + i + " has nothing to learn: no token after its prompt");
            }
        }
        this.rows = List.copyOf(rows);
    }

    @Override
    public int items() {
        return rows.size();
    }

    @Override
    public int length(int item) {
        return rows.get(item).length();
    }

    @Override
    public int weight(int item) {
        return rows.get(item).completionLength();
    }

    @Override
    public float[] accumulate(Decoder decoder, int[] items, double count) {
        List<TokenRow> picked = new ArrayList<>();
        for (int i : items) {
            picked.add(rows.get(i));
        }
        try (Batch batch = Batch.of(picked, Batch.Kind.COMPLETION);
                Autograd.Recording recording = Autograd.record()) {
            NDArray logprobs = decoder.logprobs(batch, 1);
            NDList loss = OfflineLoss.likelihood(batch.manager(), logprobs, count);
            Autograd.backward(loss.get(0));
            return loss.get(1).toFloatArray();
        }
    }

    @Override
    public Map<String, Double> metrics(double[] statistics, double count) {
        return Map.of("loss", statistics[OfflineLoss.LOSS], "tokens/trained", count);
    }

    /** Mean negative log-likelihood of a token in nats, without training; to be called on the decoder's thread. */
    public static double loss(Decoder decoder, List<TokenRow> rows, int microBatch) {
        double sum = 0;
        long tokens = 0;
        for (float[] row : decoder.logprobs(rows, 1, microBatch)) {
            for (float logprob : row) {
                sum -= logprob;
                tokens++;
            }
        }
        return sum / Math.max(1, tokens);
    }
}
