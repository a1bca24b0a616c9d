package dev.troupe.train.algorithm;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.SoftTargets;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of one trajectory, complete for training. Arrays are shared, not copied, and not to be changed. What the
 * algorithm does not need is empty.
 *
 * @param id which trajectory; errors name it
 * @param row prompt and completion, n completion tokens, at least 1
 * @param finishReason why the completion ended
 * @param behaviourLogprobs [n] log-probability of each token under the policy that sampled it
 * @param proximalLogprobs [n] the same under the policy that the update starts from; the behaviour's where no
 *     correction tells the two apart
 * @param referenceLogprobs [n] the same under the reference, or empty
 * @param values [n + 1] value of the state before each token and of the one after the last, or empty
 * @param score the reward of the whole completion, before any penalty
 * @param rewards what the score comes from, by name: several before their weights, or the one itself; or empty
 * @param versions [n] policy version that sampled each token
 * @param teacher a teacher's distributions at the n positions, or null
 */
@SuppressWarnings("ArrayRecordComponent") // compared by identity only
public record Experience(
        TrajectoryId id,
        TokenRow row,
        FinishReason finishReason,
        float[] behaviourLogprobs,
        float[] proximalLogprobs,
        float[] referenceLogprobs,
        float[] values,
        float score,
        Map<String, Float> rewards,
        long[] versions,
        @Nullable SoftTargets teacher) {

    /** Checks that the lengths fit each other. */
    public Experience {
        int n = row.completionLength();
        if (n < 1
                || behaviourLogprobs.length != n
                || proximalLogprobs.length != n
                || versions.length != n
                || referenceLogprobs.length != 0 && referenceLogprobs.length != n
                || values.length != 0 && values.length != n + 1
                || teacher != null && teacher.positions() != n) {
            throw new IllegalArgumentException("trajectory " + id + ": " + n + " completion tokens (at least 1) with "
                    + behaviourLogprobs.length + " behaviour, " + proximalLogprobs.length + " proximal and "
                    + referenceLogprobs.length + " reference log-probabilities, " + values.length + " values and "
                    + versions.length + " versions; expected as many, and one value more");
        }
    }

    /** With one reward and without a teacher. */
    public Experience(
            TrajectoryId id,
            TokenRow row,
            FinishReason finishReason,
            float[] behaviourLogprobs,
            float[] proximalLogprobs,
            float[] referenceLogprobs,
            float[] values,
            float score,
            long[] versions) {
        this(
                id,
                row,
                finishReason,
                behaviourLogprobs,
                proximalLogprobs,
                referenceLogprobs,
                values,
                score,
                Map.of(),
                versions,
                null);
    }

    /** The same with other proximal log-probabilities. */
    public Experience withProximal(float[] logprobs) {
        return new Experience(
                id,
                row,
                finishReason,
                behaviourLogprobs,
                logprobs,
                referenceLogprobs,
                values,
                score,
                rewards,
                versions,
                teacher);
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
