package dev.troupe.deploy.eval;

import dev.troupe.data.rewards.Answer;
import dev.troupe.data.rewards.RuleReward;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The scores of a rule that may throw, hang or answer NaN: an evaluation must not end a run for it. */
final class RuleScores {
    private static final Logger LOG = LoggerFactory.getLogger(RuleScores.class);

    private RuleScores() {}

    /**
     * One an answer, in order; NaN for those that the rule cannot judge.
     *
     * @param deadline after which the rule is interrupted and abandoned
     * @return null when it judges none, or not in time
     */
    static double @Nullable [] of(RuleReward rule, List<Answer> answers, Duration deadline) {
        FutureTask<double[]> task = new FutureTask<>(() -> judged(rule, answers));
        Thread thread = new Thread(task, "evaluation-rule");
        thread.setDaemon(true);
        thread.start();
        double[] scores;
        try {
            scores = task.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            task.cancel(true);
            LOG.warn("rule {} did not judge the evaluation within reward.deadline = {}", rule.name(), deadline);
            return null;
        } catch (ExecutionException e) {
            LOG.warn("rule {} could not judge the evaluation", rule.name(), e.getCause());
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
        long finite = Arrays.stream(scores).filter(Double::isFinite).count();
        if (finite < answers.size()) {
            LOG.warn("rule {} judged {} of {} evaluated completions", rule.name(), finite, answers.size());
        }
        return finite == 0 ? null : scores;
    }

    /** All at once; where that throws, each alone, NaN for those that throw again. */
    private static double[] judged(RuleReward rule, List<Answer> answers) {
        try {
            return rule.score(answers);
        } catch (RuntimeException e) {
            LOG.warn("rule {} threw on {} answers; trying each alone", rule.name(), answers.size(), e);
            return answers.stream().mapToDouble(a -> alone(rule, a)).toArray();
        }
    }

    private static double alone(RuleReward rule, Answer answer) {
        try {
            return rule.score(List.of(answer))[0];
        } catch (RuntimeException e) {
            return Double.NaN;
        }
    }
}
