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
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Judges completions by a rule, outside any actor's thread: at most {@code concurrency} calls at once, each with a
 * deadline. A request is one call; when that throws or hangs, its rows are judged each alone with a deadline of their
 * own, so that only the bad row fails. A call that hangs is interrupted and abandoned, and its place is given to the
 * next; of abandoned calls that still run there may be {@link #MOST_HUNG}. What has waited for longer than its asker
 * does is not judged, for the asker has asked again.
 */
public final class RuleScorer implements RewardScorer {
    /** Abandoned calls that may still run; beyond it further calls fail at once instead of piling up threads. */
    static final int MOST_HUNG = 16;

    private static final Logger LOG = LoggerFactory.getLogger(RuleScorer.class);

    private final RuleReward rule;
    private final AnswerTexts texts;
    private final int concurrency;
    private final Duration deadline;
    private final LongSupplier nanos;
    private final ExecutorService calls = Executors.newCachedThreadPool(daemons("reward-call"));
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(daemons("reward-clock"));
    private final Deque<Call> waiting = new ArrayDeque<>();
    private int running;
    private int hung;
    private long abandoned;

    /** A request while its rows come in, guarded by the scorer. */
    private static final class Request {
        final ScoreRequest asked;
        final CompletableFuture<ScoreAnswer> answer = new CompletableFuture<>();
        final @Nullable RowScore[] rows;
        final long askedNanos;
        int missing;

        /** Kept from the first call for those of single rows. */
        volatile @Nullable List<Answer> answers;

        Request(ScoreRequest asked, long askedNanos) {
            this.asked = asked;
            this.askedNanos = askedNanos;
            this.rows = new RowScore[asked.getIdsCount()];
            this.missing = rows.length;
        }
    }

    /** One call of the rule, with all rows of a request or with one; guarded by the scorer. */
    private static final class Call {
        final Request request;
        final int first;
        final int count;

        @Nullable
        Thread thread;

        boolean over;

        Call(Request request, int first, int count) {
            this.request = request;
            this.first = first;
            this.count = count;
        }
    }

    /**
     * @param texts closed with the scorer
     * @param concurrency calls at once
     * @param deadline for one sample
     */
    public RuleScorer(RuleReward rule, AnswerTexts texts, int concurrency, Duration deadline) {
        this(rule, texts, concurrency, deadline, System::nanoTime);
    }

    /** @param nanos tells how long a request has waited */
    RuleScorer(RuleReward rule, AnswerTexts texts, int concurrency, Duration deadline, LongSupplier nanos) {
        this.rule = rule;
        this.texts = texts;
        this.concurrency = concurrency;
        this.deadline = deadline;
        this.nanos = nanos;
    }

    static ThreadFactory daemons(String name) {
        return task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        };
    }

    @Override
    public CompletionStage<ScoreAnswer> score(ScoreRequest asked, long policyVersion) {
        Request request = new Request(asked, nanos.getAsLong());
        Call whole = new Call(request, 0, request.rows.length);
        synchronized (this) {
            waiting.add(whole);
        }
        long asker = asked.getDeadlineMs();
        if (asker > 0) {
            clock.schedule(
                    () -> answerInTime(whole),
                    (long) (asker * HttpScorer.SHARE_OF_ASKERS_DEADLINE),
                    TimeUnit.MILLISECONDS);
        }
        startWaiting();
        return request.answer;
    }

    /** Rows that are known by now would be lost with the rest; without any, the asker does better to ask again. */
    private void answerInTime(Call whole) {
        boolean known;
        synchronized (this) {
            known = whole.request.missing < whole.count;
        }
        if (known) {
            fail(whole, "deadline", "rule " + rule.name() + " gave no score yet, and " + asker(whole) + " is near");
        }
    }

    private static String asker(Call call) {
        return "the asker's deadline of " + call.request.asked.getDeadlineMs() + " ms";
    }

    private void startWaiting() {
        while (true) {
            Call call;
            boolean late;
            synchronized (this) {
                if (running >= concurrency || waiting.isEmpty() || calls.isShutdown()) {
                    return;
                }
                call = waiting.remove();
                late = nobodyWaits(call.request);
                if (!late && hung < MOST_HUNG) {
                    running++;
                    calls.execute(() -> run(call));
                    clock.schedule(() -> timeOut(call), deadline.toMillis(), TimeUnit.MILLISECONDS);
                    continue;
                }
            }
            if (late) {
                String places = "one of reward.concurrency = " + concurrency + " places";
                fail(call, "deadline", "it waited for " + places + " until " + asker(call) + " was over");
            } else {
                fail(call, "too_many_hung", hung + " earlier calls of rule " + rule.name() + " hang and do not end");
            }
        }
    }

    /** Whether the answer is out, or of no use any more. */
    private boolean nobodyWaits(Request request) {
        long asker = TimeUnit.MILLISECONDS.toNanos(request.asked.getDeadlineMs());
        return request.missing == 0 || (asker > 0 && nanos.getAsLong() - request.askedNanos > asker);
    }

    private void run(Call call) {
        synchronized (this) {
            if (call.over) {
                return;
            }
            call.thread = Thread.currentThread();
        }
        List<RowScore> scores = List.of();
        Throwable thrown = null;
        try {
            scores = judge(call);
        } catch (Throwable e) {
            thrown = e;
        }
        // Past its deadline it threw because it was interrupted: the deadline is the reason to tell.
        if (endedInTime(call)) {
            if (thrown == null) {
                settle(call, scores);
            } else {
                // Rows that are repeated alone tell it in their failure; a trace for each would flood the log.
                if (call.count == call.request.rows.length) {
                    LOG.warn("rule {} threw on {}", rule.name(), named(call), thrown);
                }
                judgeAloneOrFail(call, "rule_failed", "the rule threw " + thrown);
            }
        }
        startWaiting();
    }

    private synchronized boolean endedInTime(Call call) {
        call.thread = null;
        if (call.over) {
            hung--;
            return false;
        }
        call.over = true;
        running--;
        return true;
    }

    private List<RowScore> judge(Call call) {
        Request request = call.request;
        List<Answer> answers = request.answers;
        if (answers == null) {
            answers = texts.of(request.asked);
            request.answers = answers;
        }
        double[] scores = rule.score(answers.subList(call.first, call.first + call.count));
        if (scores.length != call.count) {
            throw new IllegalStateException(scores.length + " scores for " + call.count + " answers");
        }
        return IntStream.range(0, call.count)
                .mapToObj(i ->
                        ScoreAnswers.row(request.asked, call.first + i, rule.name(), new float[] {(float) scores[i]}))
                .toList();
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
        String longer = "rule " + rule.name() + " took longer than reward.deadline = " + deadline;
        LOG.warn("{} for {} and is abandoned", longer, named(call));
        judgeAloneOrFail(call, "deadline", longer);
        startWaiting();
    }

    private static String named(Call call) {
        return call.count + " rows from row " + call.first + " of request " + call.request.asked.getRequest();
    }

    /** Any of several rows may be the bad one. They go before all that waits, as they have waited already. */
    private void judgeAloneOrFail(Call call, String code, String message) {
        if (call.count <= 1) {
            fail(call, code, message);
            return;
        }
        synchronized (this) {
            for (int row = call.first + call.count - 1; row >= call.first; row--) {
                waiting.addFirst(new Call(call.request, row, 1));
            }
        }
    }

    private void fail(Call call, String code, String message) {
        settle(
                call,
                IntStream.range(call.first, call.first + call.count)
                        .mapToObj(row -> ScoreAnswers.failedRow(call.request.asked, row, rule.name(), code, message))
                        .toList());
    }

    /** Notes the call's rows, except those known before, and answers when none of the request is missing. */
    private void settle(Call call, List<RowScore> scores) {
        Request request = call.request;
        ScoreAnswer.Builder answer =
                ScoreAnswers.begin(request.asked, 0, (nanos.getAsLong() - request.askedNanos) / 1000);
        synchronized (this) {
            for (int i = 0; i < call.count; i++) {
                if (request.rows[call.first + i] == null) {
                    request.rows[call.first + i] = scores.get(i);
                    request.missing--;
                }
            }
            if (request.missing > 0) {
                return;
            }
            for (RowScore row : request.rows) {
                if (row != null) {
                    answer.addRows(row);
                }
            }
        }
        request.answer.complete(answer.build());
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
