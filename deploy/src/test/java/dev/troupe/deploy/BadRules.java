package dev.troupe.deploy;

import dev.troupe.data.rewards.Answer;
import dev.troupe.data.rewards.RuleReward;
import dev.troupe.data.rewards.SentimentRule;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Rewards as people write them on a bad day; named in reward.rule by their class. */
public final class BadRules {
    private BadRules() {}

    /** Throws on every third answer. */
    public static final class ThrowsNowAndThen implements RuleReward {
        private final AtomicInteger asked = new AtomicInteger();

        @Override
        public String name() {
            return "throws-now-and-then";
        }

        @Override
        public double[] score(List<Answer> answers) {
            return answers.stream().mapToDouble(a -> one()).toArray();
        }

        private double one() {
            if (asked.incrementAndGet() % 3 == 0) {
                throw new IllegalStateException("out of ideas");
            }
            return 0.5;
        }
    }

    /** Throws on everything. */
    public static final class Throws implements RuleReward {
        @Override
        public String name() {
            return "throws";
        }

        @Override
        public double[] score(List<Answer> answers) {
            throw new IllegalStateException("no opinion at all");
        }
    }

    /** Answers NaN. */
    public static final class NotANumber implements RuleReward {
        @Override
        public String name() {
            return "nan";
        }

        @Override
        public double[] score(List<Answer> answers) {
            return answers.stream().mapToDouble(a -> Double.NaN).toArray();
        }
    }

    /** Says what the row of the prompt says: no bad rule, but one that needs its row. */
    public static final class OfTheRow implements RuleReward {
        @Override
        public String name() {
            return "of-the-row";
        }

        @Override
        public List<String> columns() {
            return List.of("answer");
        }

        @Override
        public double[] score(List<Answer> answers) {
            return answers.stream()
                    .mapToDouble(
                            a -> ((Number) Objects.requireNonNull(a.columns().get("answer"))).doubleValue())
                    .toArray();
        }
    }

    /** Says how many turns the prompt has: no bad rule either, but one that needs its dialogue. */
    public static final class OfTheTurns implements RuleReward {
        @Override
        public String name() {
            return "of-the-turns";
        }

        @Override
        public double[] score(List<Answer> answers) {
            return answers.stream().mapToDouble(a -> a.messages().size()).toArray();
        }
    }

    /** Judges as the sentiment rule does, as long as {@link #LEFT} allows; then it throws. */
    public static final class Tires implements RuleReward {
        /** Answers that it still judges. */
        public static final AtomicInteger LEFT = new AtomicInteger();

        @Override
        public String name() {
            return "tires";
        }

        @Override
        public double[] score(List<Answer> answers) {
            if (LEFT.addAndGet(-answers.size()) < 0) {
                throw new IllegalStateException("tired");
            }
            return SentimentRule.own().score(answers);
        }
    }

    /** Never answers, until it is interrupted. */
    public static final class Hangs implements RuleReward {
        @Override
        public String name() {
            return "hangs";
        }

        @Override
        public double[] score(List<Answer> answers) {
            try {
                new CountDownLatch(1).await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            throw new IllegalStateException("interrupted");
        }
    }
}
