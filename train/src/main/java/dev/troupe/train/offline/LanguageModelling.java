package dev.troupe.train.offline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dev.troupe.experience.Sequence;
import dev.troupe.model.Autograd;
import dev.troupe.model.Batch;
import dev.troupe.model.Decoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** {@code algorithm = sft}: the mean negative log-likelihood of the trained tokens. */
public final class LanguageModelling implements Objective {
    private final List<Sequence> rows;

    /** Over these rows; an error names one without a trained token. */
    public LanguageModelling(List<Sequence> rows) {
        for (int i = 0; i < rows.size(); i++) {
            if (rows.get(i).trainedTokens() < 1) {
                throw new IllegalArgumentException("row " + i + " has nothing to learn: no token of it is trained");
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
        return rows.get(item).trainedTokens();
    }

    @Override
    public float[] accumulate(Decoder decoder, int[] items, double count) {
        List<Sequence> picked = new ArrayList<>();
        for (int i : items) {
            picked.add(rows.get(i));
        }
        try (Batch batch = Batch.ofTrained(picked);
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

    /** Mean negative log-likelihood of a trained token in nats, without training; on the decoder's thread. */
    public static double loss(Decoder decoder, List<Sequence> rows, int microBatch) {
        double sum = 0;
        long tokens = 0;
        for (int from = 0; from < rows.size(); from += microBatch) {
            List<Sequence> some = rows.subList(from, Math.min(rows.size(), from + microBatch));
            try (Batch batch = Batch.ofTrained(some);
                    NDArray logprobs = decoder.logprobs(batch, 1)) {
                for (float logprob : logprobs.toFloatArray()) {
                    sum -= logprob;
                    tokens++;
                }
            }
        }
        return sum / Math.max(1, tokens);
    }
}
