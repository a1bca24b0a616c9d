package dev.troupe.deploy.bench;

import dev.troupe.data.rewards.Answer;
import dev.troupe.data.rewards.RuleReward;
import dev.troupe.data.rewards.SentimentRule;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The sentiment rule after a wait that uses no processor, as a remote scorer's would be: for measuring what asynchrony
 * hides. {@code reward.rule = dev.troupe.deploy.bench.WaitingRule}; the wait of a call in milliseconds is the system
 * property {@code troupe.bench.wait_ms}.
 */
public final class WaitingRule implements RuleReward {
    private final long waitMs = Long.getLong("troupe.bench.wait_ms", 1000);
    private final SentimentRule rule = SentimentRule.own();

    @Override
    public String name() {
        return "waiting";
    }

    @Override
    public double[] score(List<Answer> answers) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs);
        for (long left = end - System.nanoTime(); left > 0; left = end - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
        return rule.score(answers);
    }
}
