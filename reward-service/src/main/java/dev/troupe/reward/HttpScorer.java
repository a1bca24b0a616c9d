package dev.troupe.reward;

import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.reward.ServiceCall.Reply;
import dev.troupe.transport.ScoreAnswers;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a remote service for the score of each completion, one POST a sample. At most {@code concurrency} samples are
 * under way; each has a deadline over all its attempts. Refused or broken connections and the answers 408, 425, 429 and
 * 5xx are tried again after a pause that doubles; whatever else is wrong is that sample's failure at once. A request's
 * answer goes out before its asker gives it up, with the rows scored by then. The samples that took longest are logged
 * once a minute and at the end.
 */
public final class HttpScorer implements RewardScorer {
    private static final Logger LOG = LoggerFactory.getLogger(HttpScorer.class);
    private static final Duration TELL = Duration.ofMinutes(1);
    private static final long END_SECONDS = 5;
    /** The rest is for the answer's way back. */
    static final double SHARE_OF_ASKERS_DEADLINE = 0.9;

    private final String name;
    private final URI service;
    private final HttpSettings settings;
    private final Duration deadline;
    private final AnswerTexts texts;
    private final ServiceCall call;
    /** The only thread that touches what follows. */
    private final ScheduledExecutorService loop =
            Executors.newSingleThreadScheduledExecutor(RuleScorer.daemons("reward-http"));

    private final Deque<Sample> waiting = new ArrayDeque<>();
    private final SlowSamples slow = new SlowSamples();
    private final Set<Sample> running = new LinkedHashSet<>();

    /** A request for scores while its rows come in. */
    private static final class Request {
        final ScoreRequest asked;
        final CompletableFuture<ScoreAnswer> answer = new CompletableFuture<>();
        final @Nullable RowScore[] rows;
        final long askedNanos = System.nanoTime();
        int missing;

        Request(ScoreRequest asked) {
            this.asked = asked;
            this.rows = new RowScore[asked.getIdsCount()];
            this.missing = rows.length;
        }
    }

    /** One row of a request. */
    private static final class Sample {
        final Request request;
        final int row;
        final byte[] body;
        long startNanos;
        int attempts;
        String last = "";
        boolean started;
        boolean over;

        @Nullable
        CompletableFuture<Reply> underWay;

        Sample(Request request, int row, byte[] body) {
            this.request = request;
            this.row = row;
            this.body = body;
        }

        String id() {
            var id = request.asked.getIds(row);
            return id.getDraw() + "/" + id.getSample();
        }
    }

    /**
     * @param name of the score
     * @param service where samples are posted to
     * @param deadline for one sample, from the start of its first attempt
     * @param texts closed with the scorer
     */
    public HttpScorer(String name, URI service, HttpSettings settings, Duration deadline, AnswerTexts texts) {
        this.name = name;
        this.service = service;
        this.settings = settings;
        this.deadline = deadline;
        this.texts = texts;
        this.call = new ServiceCall(
                service, HttpClient.newBuilder().connectTimeout(deadline).build());
        loop.scheduleWithFixedDelay(this::tellSlow, TELL.toMillis(), TELL.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public CompletionStage<ScoreAnswer> score(ScoreRequest asked, long policyVersion) {
        Request request = new Request(asked);
        loop.execute(() -> begin(request));
        return request.answer;
    }

    private void begin(Request request) {
        List<byte[]> bodies;
        try {
            bodies = texts.of(request.asked).stream().map(ServiceCall::body).toList();
        } catch (RuntimeException e) {
            request.answer.complete(ScoreAnswers.failed(request.asked, name, "unreadable", String.valueOf(e)));
            return;
        }
        List<Sample> samples = new ArrayList<>();
        for (int row = 0; row < bodies.size(); row++) {
            Sample sample = new Sample(request, row, bodies.get(row));
            samples.add(sample);
            waiting.add(sample);
        }
        if (samples.isEmpty()) {
            request.answer.complete(ScoreAnswers.begin(request.asked, 0, 0).build());
        }
        long asker = request.asked.getDeadlineMs();
        if (asker > 0) {
            loop.schedule(
                    () -> giveUp(samples, "the asker's deadline of " + asker + " ms is near"),
                    (long) (asker * SHARE_OF_ASKERS_DEADLINE),
                    TimeUnit.MILLISECONDS);
        }
        startWaiting();
    }

    private void startWaiting() {
        while (running.size() < settings.concurrency() && !waiting.isEmpty()) {
            Sample sample = waiting.remove();
            if (!sample.over) {
                running.add(sample);
                sample.started = true;
                sample.startNanos = System.nanoTime();
                loop.schedule(
                        () -> overdue(sample, "it took longer than reward.deadline = " + deadline),
                        deadline.toMillis(),
                        TimeUnit.MILLISECONDS);
                attempt(sample);
            }
        }
    }

    private void attempt(Sample sample) {
        if (sample.over) {
            return;
        }
        sample.attempts++;
        CompletableFuture<Reply> underWay = call.post(sample.body);
        sample.underWay = underWay;
        underWay.whenCompleteAsync(
                (reply, failure) -> {
                    if (!sample.over) {
                        onReply(sample, failure == null ? reply : broken(failure));
                    }
                },
                loop);
    }

    private static Reply broken(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return Reply.failed("connection", "the connection failed: " + cause, true);
    }

    private void onReply(Sample sample, Reply reply) {
        if (reply.failure() == null) {
            finish(sample, ScoreAnswers.row(sample.request.asked, sample.row, name, new float[] {(float) reply.score()
            }));
            return;
        }
        String said =
                place() + " at attempt " + sample.attempts + " of " + settings.attempts() + ": " + reply.failure();
        if (!reply.again() || sample.attempts >= settings.attempts()) {
            fail(sample, reply.code(), said);
            return;
        }
        sample.last = said;
        long pause = Math.max(
                settings.backoff().toMillis() << Math.min(sample.attempts - 1, 20),
                reply.retryAfter().toMillis());
        LOG.debug("sample {}: {}; again in {} ms", sample.id(), said, pause);
        loop.schedule(() -> attempt(sample), pause, TimeUnit.MILLISECONDS);
    }

    /** Those that wait go first: a place that becomes free is not for them any more. */
    private void giveUp(List<Sample> samples, String why) {
        samples.stream().filter(sample -> !sample.started).forEach(sample -> overdue(sample, why));
        samples.forEach(sample -> overdue(sample, why));
    }

    private void overdue(Sample sample, String why) {
        if (sample.over) {
            return;
        }
        if (sample.underWay != null) {
            sample.underWay.cancel(true);
        }
        String state = sample.started
                ? "no score after " + sample.attempts + " attempts"
                : "it waited for one of reward.http.concurrency = " + settings.concurrency() + " places";
        fail(
                sample,
                "deadline",
                place() + ": " + why + "; " + state + (sample.last.isEmpty() ? "" : "; " + sample.last));
    }

    private void fail(Sample sample, String code, String message) {
        finish(sample, ScoreAnswers.failedRow(sample.request.asked, sample.row, name, code, message));
    }

    private void finish(Sample sample, RowScore score) {
        sample.over = true;
        if (running.remove(sample)) {
            slow.note(sample.id(), (System.nanoTime() - sample.startNanos) / 1e9);
        }
        Request request = sample.request;
        request.rows[sample.row] = score;
        if (--request.missing == 0) {
            ScoreAnswer.Builder answer =
                    ScoreAnswers.begin(request.asked, 0, (System.nanoTime() - request.askedNanos) / 1000);
            for (RowScore row : request.rows) {
                if (row != null) {
                    answer.addRows(row);
                }
            }
            request.answer.complete(answer.build());
        }
        startWaiting();
    }

    /** Without the query, which may hold a key. */
    private String place() {
        return name + " (" + service.getScheme() + "://" + service.getAuthority() + service.getPath() + ")";
    }

    private void tellSlow() {
        slow.tell().ifPresent(told -> LOG.info("{}: {}", place(), told));
    }

    private void end() {
        List<Sample> left = new ArrayList<>(running);
        left.addAll(waiting);
        giveUp(left, "the reward actor closes");
        tellSlow();
    }

    @Override
    public void close() {
        try {
            loop.submit(this::end).get(END_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("{} did not end in order", place(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        loop.shutdownNow();
        texts.close();
    }
}
