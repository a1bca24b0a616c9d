package dev.troupe.deploy.eval;

import dev.troupe.proto.v1.FinishReason;

/**
 * A completion drawn.
 *
 * @param ids its tokens, the end token included
 * @param logprobs log-softmax(logits / temperature) of each; plain at temperature 0
 */
@SuppressWarnings("ArrayRecordComponent") // compared by identity only
public record Completion(Request request, int[] ids, float[] logprobs, FinishReason finishReason) {
    /** Whether the model ended it itself. */
    public boolean ended() {
        return finishReason == FinishReason.FINISH_REASON_EOS || finishReason == FinishReason.FINISH_REASON_STOP;
    }
}
