package dev.troupe.data.rewards;

import java.util.List;

/** Rewards long answers: words in the completion divided by a target, at most 1. Useful to try out a set-up. */
public final class LengthRule implements RuleReward {
    private final int target;

    /** @param target the number of words that earns the full reward, at least 1 */
    public LengthRule(int target) {
        if (target < 1) {
            throw new IllegalArgumentException("reward.length_words = " + target + ": expected at least 1");
        }
        this.target = target;
    }

    @Override
    public String name() {
        return "length";
    }

    @Override
    public boolean readsRows() {
        return false;
    }

    @Override
    public double[] score(List<Answer> answers) {
        return answers.stream()
                .mapToDouble(answer -> Math.min(1.0, words(answer.completion()) / (double) target))
                .toArray();
    }

    /** Words of a text: what stands between white space. */
    static int words(String text) {
        String stripped = text.strip();
        return stripped.isEmpty() ? 0 : stripped.split("\\s+", -1).length;
    }
}
