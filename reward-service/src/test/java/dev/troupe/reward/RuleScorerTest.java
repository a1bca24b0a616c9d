package dev.troupe.reward;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.data.rewards.Answer;
import dev.troupe.data.rewards.RuleReward;
import dev.troupe.data.sources.Message;
import dev.troupe.data.sources.Prompt;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuleScorerTest {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration SHORT = Duration.ofMillis(300);

    @TempDir
    Path folder;

    private record Rule(Function<List<Answer>, double[]> judge) implements RuleReward {
        @Override
        public String name() {
            return "test";
        }

        @Override
        public double[] score(List<Answer> answers) {
            return judge.apply(answers);
        }
    }

    private RuleScorer scorer(int concurrency, Duration deadline, Function<List<Answer>, double[]> judge)
            throws Exception {
        return new RuleScorer(new Rule(judge), texts(), concurrency, deadline);
    }

    private AnswerTexts texts() throws Exception {
        return new AnswerTexts(
                TinyTokenizer.open(folder, "once", "upon", "good", "bad", "worse"),
                draw -> new Prompt(draw, "p", List.of(new Message("user", "Hi")), Map.of("answer", "of " + draw)));
    }

    private static ScoreAnswer get(RuleScorer scorer, ScoreRequest request)
            throws ExecutionException, InterruptedException, TimeoutException {
        return scorer.score(request, 0).toCompletableFuture().get(60, TimeUnit.SECONDS);
    }

    private static double[] ofWord(List<Answer> answers) {
        return answers.stream()
                .mapToDouble(a -> switch (a.completion()) {
                    case "good" -> 0.5;
                    case "bad" -> -0.25;
                    default -> throw new IllegalArgumentException("no opinion on " + a.completion());
                })
                .toArray();
    }

    @Test
    void eachAnswerIsJudgedOnItsText() throws Exception {
        List<Answer> seen = new ArrayList<>();
        List<Map<String, Object>> said = List.of(Map.of("role", "user", "content", "Hi"));
        try (RuleScorer scorer = scorer(1, LONG, answers -> {
            seen.addAll(answers);
            return ofWord(answers);
        })) {
            ScoreAnswer answer = get(scorer, Asked.of(4, 5, 6));
            assertThat(seen)
                    .containsExactly(
                            new Answer("once upon", "good", Map.of("answer", "of 4"), said),
                            new Answer("once upon", "bad", Map.of("answer", "of 4"), said));
            assertThat(answer.getRequest()).isEqualTo(4);
            assertThat(answer.getRowsList())
                    .extracting(r -> r.getId().getSample())
                    .containsExactly(0, 1);
            assertThat(Tensors.floats(answer.getRows(0).getValues())).containsExactly(0.5f);
            assertThat(Tensors.floats(answer.getRows(1).getValues())).containsExactly(-0.25f);
        }
    }

    /** An embedding with more rows than the tokenizer has tokens: what it draws there is no text. */
    @Test
    void aTokenBeyondTheTokenizerIsNoText() throws Exception {
        try (RuleScorer scorer = scorer(1, LONG, RuleScorerTest::ofWord)) {
            ScoreAnswer answer = get(scorer, Asked.of(4, 5, 900));
            assertThat(Tensors.floats(answer.getRows(0).getValues())).containsExactly(0.5f);
            assertThat(answer.getRows(1).getFailure().getMessage()).contains("no opinion on");
        }
    }

    @Test
    void oneThatThrowsFailsItsRowAlone() throws Exception {
        try (RuleScorer scorer = scorer(1, LONG, RuleScorerTest::ofWord)) {
            ScoreAnswer answer = get(scorer, Asked.of(4, 5, 7, 6));
            assertThat(Tensors.floats(answer.getRows(0).getValues())).containsExactly(0.5f);
            assertThat(answer.getRows(1).getFailure().getCode()).isEqualTo("rule_failed");
            assertThat(answer.getRows(1).getFailure().getMessage()).contains("no opinion on worse");
            assertThat(Tensors.floats(answer.getRows(2).getValues())).containsExactly(-0.25f);
            assertThat(Tensors.floats(get(scorer, Asked.of(5, 5)).getRows(0).getValues()))
                    .as("the scorer goes on")
                    .containsExactly(0.5f);
        }
    }

    @Test
    void aNumberThatIsNoneFailsItsRowAlone() throws Exception {
        try (RuleScorer scorer = scorer(1, LONG, a -> new double[] {Double.NaN, 1, Double.POSITIVE_INFINITY})) {
            List<RowScore> rows = get(scorer, Asked.of(4, 5, 5, 5)).getRowsList();
            assertThat(rows.get(0).getFailure().getCode()).isEqualTo("not_finite");
            assertThat(rows.get(0).getFailure().getMessage()).contains("NaN");
            assertThat(rows.get(1).hasFailure()).isFalse();
            assertThat(rows.get(2).getFailure().getMessage()).contains("Infinity");
        }
    }

    @Test
    void aWrongNumberOfScoresIsAFailure() throws Exception {
        try (RuleScorer scorer = scorer(1, LONG, a -> new double[2])) {
            assertThat(get(scorer, Asked.of(4, 5)).getRows(0).getFailure().getMessage())
                    .contains("2 scores for 1 answers");
        }
    }

    /** Deaf to interrupts, as code in a bad loop is. */
    private static void awaitDeaf(CountDownLatch latch, AtomicInteger interrupted) {
        while (latch.getCount() > 0) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                interrupted.incrementAndGet();
            }
        }
    }

    private static boolean oneIsBad(List<Answer> answers) {
        return answers.stream().anyMatch(a -> a.completion().equals("bad"));
    }

    @Test
    void oneThatHangsFailsItsRowAloneAndBlocksNobody() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        AtomicInteger interrupted = new AtomicInteger();
        try (RuleScorer scorer = scorer(1, SHORT, answers -> {
            if (oneIsBad(answers)) {
                awaitDeaf(never, interrupted);
            }
            return ofWord(answers);
        })) {
            CompletableFuture<ScoreAnswer> hangs =
                    scorer.score(Asked.of(1, 5, 6, 5), 0).toCompletableFuture();
            CompletableFuture<ScoreAnswer> next =
                    scorer.score(Asked.of(2, 5), 0).toCompletableFuture();
            List<RowScore> rows = hangs.get(60, TimeUnit.SECONDS).getRowsList();
            assertThat(rows).extracting(RowScore::hasFailure).containsExactly(false, true, false);
            assertThat(rows.get(1).getFailure().getCode()).isEqualTo("deadline");
            assertThat(rows.get(1).getFailure().getMessage()).contains("reward.deadline");
            assertThat(Tensors.floats(rows.get(0).getValues())).containsExactly(0.5f);
            assertThat(Tensors.floats(rows.get(2).getValues())).containsExactly(0.5f);
            assertThat(next.get(60, TimeUnit.SECONDS).getRows(0).hasFailure()).isFalse();
            assertThat(scorer.abandoned()).as("the request, and the row alone").isEqualTo(2);
            for (int i = 2; i < RuleScorer.MOST_HUNG; i++) {
                get(scorer, Asked.of(10 + i, 6));
            }
            assertThat(get(scorer, Asked.of(99, 5)).getRows(0).getFailure().getCode())
                    .as("threads that hang are bounded")
                    .isEqualTo("too_many_hung");
            assertThat(interrupted.get()).isGreaterThanOrEqualTo(1);
            never.countDown();
        }
    }

    @Test
    void oneThatWaitedLongerThanItsAskerIsNotJudged() throws Exception {
        AtomicLong nanos = new AtomicLong();
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        List<String> judged = new CopyOnWriteArrayList<>();
        Rule rule = new Rule(answers -> {
            answers.forEach(a -> judged.add(a.completion()));
            busy.countDown();
            awaitDeaf(go, new AtomicInteger());
            return new double[answers.size()];
        });
        try (RuleScorer scorer = new RuleScorer(rule, texts(), 1, LONG, nanos::get)) {
            CompletableFuture<ScoreAnswer> first =
                    scorer.score(Asked.of(1, 5), 0).toCompletableFuture();
            assertThat(busy.await(60, TimeUnit.SECONDS)).isTrue();
            CompletableFuture<ScoreAnswer> stale =
                    scorer.score(asked(Duration.ofMinutes(1), 6, 6), 0).toCompletableFuture();
            CompletableFuture<ScoreAnswer> fresh =
                    scorer.score(asked(Duration.ofMinutes(3), 7), 0).toCompletableFuture();
            nanos.addAndGet(Duration.ofMinutes(2).toNanos());
            go.countDown();
            assertThat(first.get(60, TimeUnit.SECONDS).getRows(0).hasFailure()).isFalse();
            assertThat(fresh.get(60, TimeUnit.SECONDS).getRows(0).hasFailure()).isFalse();
            assertThat(stale.get(60, TimeUnit.SECONDS).getRowsList()).hasSize(2).allSatisfy(row -> {
                assertThat(row.getFailure().getCode()).isEqualTo("deadline");
                assertThat(row.getFailure().getMessage())
                        .contains("reward.concurrency = 1", "the asker's deadline of 60000 ms");
            });
            assertThat(judged).containsExactly("good", "worse");
        }
    }

    private static ScoreRequest asked(Duration deadline, int... third) {
        return Asked.of(2, third).toBuilder().setDeadlineMs(deadline.toMillis()).build();
    }

    @Test
    void whatIsKnownGoesOutBeforeTheAskerGivesItUp() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        try (RuleScorer scorer = scorer(2, LONG, answers -> {
            if (answers.size() > 1) {
                throw new IllegalArgumentException("one at a time");
            }
            if (oneIsBad(answers)) {
                awaitDeaf(never, new AtomicInteger());
            }
            return ofWord(answers);
        })) {
            List<RowScore> rows =
                    get(scorer, asked(Duration.ofSeconds(2), 5, 6, 5)).getRowsList();
            assertThat(rows.get(1).getFailure().getCode()).isEqualTo("deadline");
            assertThat(rows.get(1).getFailure().getMessage()).contains("the asker's deadline of 2000 ms is near");
            assertThat(Tensors.floats(rows.get(0).getValues())).containsExactly(0.5f);
            assertThat(Tensors.floats(rows.get(2).getValues())).containsExactly(0.5f);
            never.countDown();
        }
    }

    @Test
    void atMostSoManyCallsRunAtOnce() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch two = new CountDownLatch(2);
        try (RuleScorer scorer = scorer(2, LONG, answers -> {
            if (answers.size() > 1) {
                throw new IllegalArgumentException("one at a time");
            }
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            two.countDown();
            try {
                assertThat(two.await(60, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            running.decrementAndGet();
            return new double[answers.size()];
        })) {
            List<CompletableFuture<ScoreAnswer>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                all.add(scorer.score(Asked.of(i, 5, 5), 0).toCompletableFuture());
            }
            for (CompletableFuture<ScoreAnswer> one : all) {
                assertThat(one.get(60, TimeUnit.SECONDS).getRowsList()).allMatch(row -> !row.hasFailure());
            }
            assertThat(most).hasValue(2);
        }
    }
}
