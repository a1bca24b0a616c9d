package dev.troupe.deploy.eval;

import dev.troupe.model.TokenRow;

/**
 * A completion of the evaluation.
 *
 * @param prompt number of its prompt
 * @param row its tokens
 * @param text what it says, without the prompt
 * @param whole prompt and completion
 * @param ended whether the policy ended it itself
 */
record Measured(int prompt, TokenRow row, String text, String whole, boolean ended) {}
