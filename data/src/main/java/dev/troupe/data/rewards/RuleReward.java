package dev.troupe.data.rewards;

import java.util.List;

/**
 * A reward computed by code. It may be slow, throw or hang: whoever calls it does so outside an actor's thread, with a
 * deadline. Implementations must be safe for concurrent calls.
 */
public interface RuleReward {

    /** A short name for logs, samples and metrics. */
    String name();

    /**
     * Columns of the prompt's row that the rule reads beside its text, such as the true answer: they are in {@link
     * Answer#columns}, and a run whose prompts lack one is refused. None by default.
     */
    default List<String> columns() {
        return List.of();
    }

    /**
     * Whether the rule reads {@link Answer#messages} or columns that it does not name. One that says no, and names no
     * column, is given the texts alone, and its node needs no file of prompts.
     */
    default boolean readsRows() {
        return true;
    }

    /**
     * Judges a batch, so that one call can score a whole step.
     *
     * @return one finite number an answer, in order
     */
    double[] score(List<Answer> answers);

    /** Judges one answer. */
    default double score(String prompt, String completion) {
        return score(List.of(new Answer(prompt, completion)))[0];
    }
}
