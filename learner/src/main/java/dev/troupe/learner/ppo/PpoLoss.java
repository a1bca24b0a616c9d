package dev.troupe.learner.ppo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.troupe.model.Script;

/**
 * The two losses of PPO (Schulman et al. 2017, arXiv 1707.06347, eq. 7, and its value clipping as in the OpenAI
 * baselines), over N tokens or states:
 *
 * <pre>
 *   ratio  = exp(logp - old)
 *   policy = sum(max(-A ratio, -A clip(ratio, 1 - c, 1 + c))) / count
 *   value  = 0.5 sum(max((v - R)^2, (clip(v, old - c, old + c) - R)^2) mask) / count
 * </pre>
 *
 * {@code count} is that of the whole mini-batch, so that the micro-batches' losses and gradients add up to it.
 */
final class PpoLoss {
    private static final Script SCRIPT = Script.load(PpoLoss.class, "ppo.py");

    /** Places in the policy's statistics, all sums: loss, clipped tokens, squared log-ratios, ratios, entropies. */
    static final int LOSS = 0;

    static final int CLIPPED = 1;
    static final int SQUARED_LOG_RATIO = 2;
    static final int RATIO = 3;
    static final int ENTROPY = 4;

    private PpoLoss() {}

    /** [loss, statistics]; the entropy only joins the statistics. */
    static NDList policy(
            NDManager manager,
            NDArray logprobs,
            NDArray old,
            NDArray advantages,
            NDArray entropy,
            double clip,
            double count) {
        return SCRIPT.tensors(manager, "policy", logprobs, old, advantages, entropy, clip, count);
    }

    /** [weight x loss, statistics: loss, clipped states]; mask is 1 where a state counts. */
    static NDList value(
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
