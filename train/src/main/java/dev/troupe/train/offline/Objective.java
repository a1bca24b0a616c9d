package dev.troupe.train.offline;

import dev.troupe.model.Decoder;
import java.util.Map;

/** What offline training minimises, over items (rows or pairs) that are numbered from 0. */
public interface Objective {
    /** Number of items. */
    int items();

    /** Columns an item needs; items of like length go together. */
    int length(int item);

    /** What the item adds to the divisor of the loss: its tokens, or 1. */
    int weight(int item);

    /**
     * Forward, loss and backward of some items; adds to the decoder's gradients. Runs on the decoder's thread, at
     * the same time as on another decoder's.
     *
     * @param count the divisor of the whole step
     * @return statistics that add up over a step's micro-batches; the first is the loss
     */
    float[] accumulate(Decoder decoder, int[] items, double count);

    /** A step's statistics as named metrics. */
    Map<String, Double> metrics(double[] statistics, double count);
}
