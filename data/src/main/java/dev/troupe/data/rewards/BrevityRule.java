package dev.troupe.data.rewards;

import java.util.List;

/**
 * Rewards short answers: 1 for up to so many words, from there on less and less, 0 from three times as many words on.
 * An answer without a word earns nothing.
 */
public final class BrevityRule implements RuleReward {
    private static final int NOTHING = 3;

    private final int enough;

    /** @param enough the most words that earn the full reward, at least 1 */
    public BrevityRule(int enough) {
        if (enough < 1) {
            throw new IllegalArgumentException("reward.length_words = " + enough + ": expected at least 1");
        }
        this.enough = enough;
    }

    @Override
    public String name() {
        return "brevity";
    }

    @Override
    public boolean readsRows() {
        return false;
    }

    @Override
    public double[] score(List<Answer> answers) {
        return answers.stream()
                .mapToDouble(answer -> score(LengthRule.words(answer.completion())))
                .toArray();
    }

    private double score(int words) {
        if (words == 0) {
            return 0;
        }
        double left = NOTHING * enough - words;
        return Math.max(0, Math.min(1, left / ((NOTHING - 1) * enough)));
    }
}
