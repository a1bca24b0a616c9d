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
 * {@code algorithm = reward}: the score of the chosen row should exceed that of the rejected one,
 * {@code -log sigmoid(chosen - rejected - margin)} (Bradley-Terry), plus {@code center (chosen + rejected)^2}. The
 * score is the head's output at the last token.
 */
public final class RewardModelling implements Objective {
    private final List<Pair> pairs;
    private final double center;

    /**
     * Two whole texts of which the first is the better one.
     *
     * @param margin by how much its score should be above the other's at least; 0 where nothing says so
     */
    public record Pair(TokenRow chosen, TokenRow rejected, double margin) {
        /** Without a margin. */
        public Pair(TokenRow chosen, TokenRow rejected) {
            this(chosen, rejected, 0);
        }
    }

    /**
     * @param center {@code center_rewards_coefficient}; 0 is off
     */
    public RewardModelling(List<Pair> pairs, double center) {
        if (!(center >= 0 && center < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("center_rewards_coefficient = " + center + ": expected at least 0");
        }
        this.pairs = List.copyOf(pairs);
        this.center = center;
    }

    @Override
    public int items() {
        return pairs.size();
    }

    @Override
    public int length(int item) {
        return Math.max(
                pairs.get(item).chosen.length(), pairs.get(item).rejected.length());
    }

    @Override
    public int weight(int item) {
        return 1;
    }

    @Override
    public float[] accumulate(Decoder decoder, int[] items, double count) {
        List<TokenRow> rows = new ArrayList<>();
        for (int i : items) {
            rows.add(pairs.get(i).chosen);
        }
        for (int i : items) {
            rows.add(pairs.get(i).rejected);
        }
        try (Batch batch = Batch.of(rows, Batch.Kind.LAST);
                Autograd.Recording recording = Autograd.record()) {
            NDArray scores = decoder.values(batch);
            float[] margins = new float[items.length];
            for (int i = 0; i < margins.length; i++) {
                margins[i] = (float) pairs.get(items[i]).margin;
            }
            NDArray margin = batch.manager().create(margins);
            NDList loss = OfflineLoss.preference(batch.manager(), scores, margin, center, count);
            Autograd.backward(loss.get(0));
            return loss.get(1).toFloatArray();
        }
    }

    @Override
    public Map<String, Double> metrics(double[] statistics, double count) {
        return Map.of(
                "loss",
                statistics[OfflineLoss.LOSS],
                "rewards/accuracies",
                statistics[OfflineLoss.RANKED_RIGHT] / count,
                "rewards/margins",
                statistics[OfflineLoss.MARGIN] / count,
                "rewards/mean",
                statistics[OfflineLoss.SCORES] / (2 * count));
    }

    /** Share of pairs whose chosen row scores higher; to be called on the decoder's thread. */
    public static double accuracy(Decoder decoder, List<Pair> pairs, int microBatch) {
        float[] chosen = decoder.scores(pairs.stream().map(Pair::chosen).toList(), microBatch);
        float[] rejected = decoder.scores(pairs.stream().map(Pair::rejected).toList(), microBatch);
        int right = 0;
        for (int i = 0; i < chosen.length; i++) {
            right += chosen[i] > rejected[i] ? 1 : 0;
        }
        return right / (double) Math.max(1, chosen.length);
    }
}
