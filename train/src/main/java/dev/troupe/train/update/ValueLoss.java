package dev.troupe.train.update;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.troupe.model.Script;

/**
 * The value model's loss, clipped as in the OpenAI baselines:
 *
 * <pre>
 *   0.5 sum(max((v - R)^2, (clip(v, old - c, old + c) - R)^2) mask) / count
 * </pre>
 *
 * {@code count} is that of the whole mini-batch, so that the micro-batches' losses and gradients add up to it.
 */
final class ValueLoss {
    private static final Script SCRIPT = Script.load(ValueLoss.class, "value.py");

    /** Places in the statistics: loss, share of clipped states. */
    static final int LOSS = 0;

    static final int CLIPPED = 1;

    private ValueLoss() {}

    /** [weight x loss, statistics]; mask is 1 where a state counts. */
    static NDList of(
            NDManager manager,
            NDArray values,
            NDArray old,
            NDArray returns,
            NDArray mask,
            double clip,
            double weight,
            double count) {
        return SCRIPT.tensors(manager, "value", values, old, returns, mask, clip, weight, count);
    }
}
