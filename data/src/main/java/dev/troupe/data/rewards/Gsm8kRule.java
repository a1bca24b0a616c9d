package dev.troupe.data.rewards;

import java.math.BigDecimal;
import java.util.List;

/**
 * Verifies the final number of an answer against the column {@code answer} of the prompt's row, which is a number or a
 * text that ends on one, as in GSM8K ({@code ... #### 72}): 1 when they are equal, else 0. Where the number stands and
 * how it is read is the same in both: after the last {@code ####}, else the last one of the text; commas, $, % and
 * trailing zeros do not matter.
 */
final class Gsm8kRule implements RuleReward {
    private static final String TRUTH = "answer";

    @Override
    public String name() {
        return "gsm8k";
    }

    @Override
    public List<String> columns() {
        return List.of(TRUTH);
    }

    @Override
    public boolean readsRows() {
        return false;
    }

    @Override
    public double[] score(List<Answer> answers) {
        return answers.stream().mapToDouble(Gsm8kRule::correct).toArray();
    }

    private static double correct(Answer answer) {
        BigDecimal truth = truth(answer);
        return FinalAnswer.of(answer.completion()).filter(truth::equals).isPresent() ? 1 : 0;
    }

    private static BigDecimal truth(Answer answer) {
        Object column = answer.columns().get(TRUTH);
        if (column == null) {
            throw new IllegalArgumentException("the prompt's row has no column \"" + TRUTH + "\"; it has "
                    + answer.columns().keySet());
        }
        String text =
                column instanceof Number n ? new BigDecimal(n.toString()).toPlainString() : String.valueOf(column);
        return FinalAnswer.of(text)
                .orElseThrow(() -> new IllegalArgumentException(
                        "column \"" + TRUTH + "\" of the prompt's row holds no number: \"" + text + "\""));
    }
}
