package dev.troupe.reward;

import dev.troupe.data.rewards.Answer;
import dev.troupe.data.rewards.RuleReward;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.transport.ScoreAnswers;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Judges completions by a rule, outside any actor's thread: at most {@code concurrency} calls at once, each with a
 * deadline. A call that throws is repeated row by row, so that only the bad row fails; one that hangs is interrupted
 * and abandoned, and its place is given to the next. Of abandoned calls that still run there may be {@link #MOST_HUNG}.
 */
public final class RuleScorer implements RewardScorer {
    /** Abandoned calls that may still run; beyond it further calls fail at once instead of piling up threads. */
    static final int MOST_HUNG = 16;

    private static final Logger LOG = LoggerFactory.getLogger(RuleScorer.class);

    private final RuleReward rule;
    private final AnswerTexts texts;
    private final int concurrency;
    private final Duration deadline;
    private final ExecutorService calls = Executors.newCachedThreadPool(daemons("reward-call"));
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(daemons("reward-clock"));
    private final Deque<Call> waiting = new ArrayDeque<>();
    private int running;
    private int hung;
    private long abandoned;

    /** One call of the rule, guarded by the scorer. */
    private static final class Call {
        final ScoreRequest request;
        final CompletableFuture<ScoreAnswer> answer = new CompletableFuture<>();
        final @Nullable RowScore[] rows;
        final long askedNanos = System.nanoTime();

        @Nullable
        Thread thread;

        boolean over;

        Call(ScoreRequest request) {
            this.request = request;
            this.rows = new RowScore[request.getIdsCount()];
        }
    }

    /**
     * @param texts closed with the scorer
     * @param concurrency calls at once
     * @param deadline for one call
     */
    public RuleScorer(RuleReward rule, AnswerTexts texts, int concurrency, Duration deadline) {
        this.rule = rule;
        this.texts = texts;
        this.concurrency = concurrency;
        this.deadline = deadline;
    }

    static ThreadFactory daemons(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    @Override
    public CompletionStage<ScoreAnswer> score(ScoreRequest request, long policyVersion) {
        Call call = new Call(request);
        synchronized (this) {
            waiting.add(call);
        }
        startWaiting();
        return call.answer;
    }

    private void startWaiting() {
        while (true) {
            Call call;
            synchronized (this) {
                if (running >= concurrency || waiting.isEmpty()) {
                    return;
                }
                call = waiting.remove();
                if (hung < MOST_HUNG) {
                    running++;
                    calls.execute(() -> run(call));
                    clock.schedule(() -> timeOut(call), deadline.toMillis(), TimeUnit.MILLISECONDS);
                    continue;
                }
            }
            finish(call, "too_many_hung", hung + " earlier calls of rule " + rule.name() + " hang and do not end");
        }
    }

    private void run(Call call) {
        synchronized (this) {
            if (call.over) {
                return;
            }
            call.thread = Thread.currentThread();
        }
        try {
            judge(call);
        } catch (Throwable e) {
            LOG.warn("rule {} could not judge request {}", rule.name(), call.request.getRequest(), e);
            // Past its deadline it threw because it was interrupted: the deadline is the reason to tell.
            if (!isOver(call)) {
                fillRest(call, "rule_failed", String.valueOf(e));
            }
        } finally {
            boolean inTime;
            synchronized (this) {
                call.thread = null;
                inTime = !call.over;
                call.over = true;
                if (inTime) {
                    running--;
                } else {
                    hung--;
                }
            }
            if (inTime) {
                finish(call, "rule_failed", "the rule gave no score");
            }
            startWaiting();
        }
    }

    private void judge(Call call) {
        List<Answer> answers = texts.of(call.request);
        try {
            double[] scores = rule.score(answers);
            if (scores.length != answers.size()) {
                throw new IllegalStateException(scores.length + " scores for " + answers.size() + " answers");
            }
            for (int i = 0; i < scores.length; i++) {
                fill(call, i, ScoreAnswers.row(call.request, i, rule.name(), new float[] {(float) scores[i]}));
            }
        } catch (RuntimeException e) {
            if (answers.size() == 1 || isOver(call)) {
                throw e;
            }
            LOG.warn("rule {} threw on {} answers; trying each alone", rule.name(), answers.size(), e);
            judgeEachAlone(call, answers);
        }
    }

    private void judgeEachAlone(Call call, List<Answer> answers) {
        for (int i = 0; i < answers.size() && !isOver(call); i++) {
            RowScore row;
            try {
                float[] score = {(float) rule.score(List.of(answers.get(i)))[0]};
                row = ScoreAnswers.row(call.request, i, rule.name(), score);
            } catch (RuntimeException e) {
                row = ScoreAnswers.failedRow(call.request, i, rule.name(), "rule_failed", "the rule threw " + e);
            }
            fill(call, i, row);
        }
    }

    private synchronized boolean isOver(Call call) {
        return call.over;
    }

    private synchronized void fill(Call call, int row, RowScore score) {
        if (!call.over) {
            call.rows[row] = score;
        }
    }

    private synchronized void fillRest(Call call, String code, String message) {
        for (int i = 0; i < call.rows.length; i++) {
            if (call.rows[i] == null) {
                call.rows[i] = ScoreAnswers.failedRow(call.request, i, rule.name(), code, message);
            }
        }
    }

    private void timeOut(Call call) {
        synchronized (this) {
            if (call.over) {
                return;
            }
            call.over = true;
            running--;
            if (call.thread != null) {
                call.thread.interrupt();
                hung++;
                abandoned++;
            }
        }
        LOG.warn(
                "rule {} took longer than reward.deadline = {} for request {} and is abandoned",
                rule.name(),
                deadline,
                call.request.getRequest());
        finish(call, "deadline", "rule " + rule.name() + " took longer than reward.deadline = " + deadline);
        startWaiting();
    }

    /** Answers with the rows that have a score, and this failure for the others. */
    private void finish(Call call, String code, String message) {
        fillRest(call, code, message);
        ScoreAnswer.Builder answer = ScoreAnswers.begin(call.request, 0, (System.nanoTime() - call.askedNanos) / 1000);
        synchronized (this) {
            for (RowScore row : call.rows) {
                if (row != null) {
                    answer.addRows(row);
                }
            }
        }
        call.answer.complete(answer.build());
    }

    /** Calls abandoned past their deadline since the start. */
    public synchronized long abandoned() {
        return abandoned;
    }

    @Override
    public void close() {
        clock.shutdownNow();
        calls.shutdownNow();
        texts.close();
    }
}
