package dev.troupe.learner.ppo;

import dev.troupe.cluster.protocol.TrajectoryRef;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;

/**
 * The numbers of one trajectory, complete for training. Arrays are shared, not copied, and not to be changed.
 *
 * @param id which trajectory; errors name it
 * @param row prompt and completion, n completion tokens, at least 1
 * @param finishReason why the completion ended
 * @param behaviourLogprobs [n] log-probability of each token under the policy that sampled it
 * @param referenceLogprobs [n] the same under the reference
 * @param values [n + 1] value of the state before each token and of the one after the last
 * @param score the reward of the whole completion, before any penalty
 */
@SuppressWarnings("ArrayRecordComponent") // compared by identity only
public record Experience(
        TrajectoryRef id,
        TokenRow row,
        FinishReason finishReason,
        float[] behaviourLogprobs,
        float[] referenceLogprobs,
        float[] values,
        float score) {

    /** Checks that the lengths fit each other. */
    public Experience {
        int n = row.completionLength();
        if (n < 1 || behaviourLogprobs.length != n || referenceLogprobs.length != n || values.length != n + 1) {
            throw new IllegalArgumentException("trajectory " + id + ": " + n + " completion tokens (at least 1) with "
                    + behaviourLogprobs.length + " behaviour and " + referenceLogprobs.length
                    + " reference log-probabilities and " + values.length
                    + " values; expected as many log-probabilities and one value more");
        }
    }

    /** Number of completion tokens. */
    public int length() {
        return row.completionLength();
    }

    /** Whether the policy ended the completion itself, by an end token or a stop. */
    public boolean ended() {
        return finishReason == FinishReason.FINISH_REASON_EOS || finishReason == FinishReason.FINISH_REASON_STOP;
    }
}
