package dev.troupe.deploy.eval;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.TokenRow;
import dev.troupe.model.Tokenizer;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.rollout.Completion;

/**
 * A completion and what it says.
 *
 * @param id its draw is the number of its prompt
 * @param row its tokens
 * @param text what it says, without the prompt
 * @param whole prompt and completion
 * @param ended whether the policy ended it itself
 */
public record Measured(TrajectoryId id, TokenRow row, String text, String whole, boolean ended) {
    /** Reads a completion; with its prompt before it, for the first piece of a text alone may look different. */
    public static Measured of(Tokenizer tokenizer, Completion completion) {
        TokenRow row = TokenRow.of(completion.request().prompt(), completion.ids());
        String whole = tokenizer.decode(row.ids());
        String prompt = tokenizer.decode(completion.request().prompt());
        String text = whole.startsWith(prompt) ? whole.substring(prompt.length()) : tokenizer.decode(completion.ids());
        boolean ended = completion.finishReason() == FinishReason.FINISH_REASON_EOS;
        return new Measured(completion.request().id(), row, text, whole, ended);
    }

    int prompt() {
        return (int) id.draw();
    }
}
