package dev.troupe.data.rewards;

import dev.troupe.data.DataException;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Rewards a form: 1 when the whole completion, white space at its ends aside, matches {@code reward.format}; a half
 * when only a part of it does, so that there is something to climb; else 0.
 */
final class FormatRule implements RuleReward {
    private static final double PARTLY = 0.5;

    private final Pattern form;

    /** @throws DataException when the pattern is none */
    FormatRule(String pattern) {
        try {
            form = Pattern.compile(pattern);
        } catch (PatternSyntaxException e) {
            throw new DataException(
                    "reward.format = " + pattern + ": not a regular expression: " + e.getDescription() + " at position "
                            + e.getIndex(),
                    e);
        }
    }

    @Override
    public String name() {
        return "format";
    }

    @Override
    public boolean readsRows() {
        return false;
    }

    @Override
    public double[] score(List<Answer> answers) {
        return answers.stream().mapToDouble(a -> of(a.completion().strip())).toArray();
    }

    private double of(String completion) {
        if (form.matcher(completion).matches()) {
            return 1;
        }
        return form.matcher(completion).find() ? PARTLY : 0;
    }
}
