package dev.troupe.rollout;

import dev.troupe.proto.v1.FinishReason;
import java.util.List;

/**
 * A finished completion and where each token came from. Arrays are [completion], in the order of sampling; the end
 * token or the tokens of a stop string are part of it.
 *
 * @param logprobs log-softmax of logits / temperature, before any penalty or filter
 * @param keptMass probability mass the filters kept, 1 without filters
 * @param versions policy version that sampled each token, never falling
 * @param sampledAtMicros wall clock of each token, microseconds since the epoch
 * @param weightsFingerprint of the live weights of each version, in order of appearance
 */
public record Completion(
        SampleRequest request,
        int[] ids,
        float[] logprobs,
        float[] keptMass,
        long[] versions,
        long[] sampledAtMicros,
        FinishReason finishReason,
        List<String> weightsFingerprint) {

    /** Number of tokens. */
    public int length() {
        return ids.length;
    }
}
