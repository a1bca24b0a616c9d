package dev.troupe.model;

import java.util.List;

/**
 * What a teacher says of the next token at each completion position of a row ("soft targets", Hinton et al. 2015, arXiv
 * 1503.02531): a log-probability for every token of the vocabulary, or for the K likeliest and one for all others
 * together. Arrays are shared, not copied, and not to be changed.
 *
 * @param positions n
 * @param ids [n x K] the likeliest tokens, the likeliest first; empty where every token has its log-probability
 * @param logprobs [n x vocabulary], or [n x (K + 1)] with the logarithm of the others' mass last; natural logarithms
 */
@SuppressWarnings("ArrayRecordComponent") // compared by identity only
public record SoftTargets(int positions, int[] ids, float[] logprobs) {

    /** Checks that the lengths fit each other. */
    public SoftTargets {
        boolean fits = positions > 0 && ids.length % positions == 0 && logprobs.length % positions == 0;
        if (!fits || ids.length > 0 && logprobs.length != ids.length + positions) {
            throw new IllegalArgumentException("soft targets of " + positions + " positions with " + ids.length
                    + " token ids and " + logprobs.length
                    + " log-probabilities; expected K ids and K + 1 log-probabilities a position, or no ids");
        }
    }

    /** Parts of one row, laid end to end. */
    public static SoftTargets join(List<SoftTargets> parts) {
        if (parts.size() == 1) {
            return parts.get(0);
        }
        int k = parts.get(0).topK();
        int buckets = parts.get(0).buckets();
        int positions = parts.stream().mapToInt(SoftTargets::positions).sum();
        int[] ids = new int[positions * k];
        float[] logprobs = new float[positions * buckets];
        int at = 0;
        for (SoftTargets part : parts) {
            System.arraycopy(part.ids, 0, ids, at * k, part.positions * k);
            System.arraycopy(part.logprobs, 0, logprobs, at * buckets, part.positions * buckets);
            at += part.positions;
        }
        return new SoftTargets(positions, ids, logprobs);
    }

    /** K; 0 where every token has its log-probability. */
    public int topK() {
        return ids.length / positions;
    }

    /** Log-probabilities a position: the vocabulary, or K + 1. */
    public int buckets() {
        return logprobs.length / positions;
    }
}
