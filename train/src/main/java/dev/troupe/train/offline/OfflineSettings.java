package dev.troupe.train.offline;

import dev.troupe.train.optim.Schedule;

/**
 * How to train on files.
 *
 * @param batchRows {@code batch.rows}: rows (or pairs) an optimizer step
 * @param microBatch {@code micro_batch}: rows a forward at most
 * @param learningRate at factor 1
 * @param schedule over the optimizer steps
 * @param maxGradNorm bound of the gradient's norm; 0 is off
 * @param seed of the rows' order
 */
public record OfflineSettings(
        int batchRows, int microBatch, double learningRate, Schedule schedule, double maxGradNorm, long seed) {
    /** Checks each value; the error names the key. */
    public OfflineSettings {
        check(batchRows >= 1, "batch.rows", batchRows, "at least 1");
        check(microBatch >= 1, "micro_batch", microBatch, "at least 1");
        check(
                learningRate >= 0 && learningRate < Double.POSITIVE_INFINITY,
                "learning_rate",
                learningRate,
                "at least 0");
        check(maxGradNorm >= 0 && maxGradNorm < Double.POSITIVE_INFINITY, "max_grad_norm", maxGradNorm, "at least 0");
    }

    private static void check(boolean ok, String key, double value, String expected) {
        if (!ok) {
            throw new IllegalArgumentException(key + " = " + value + ": expected " + expected);
        }
    }
}
