package dev.troupe.reward;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.troupe.data.rewards.Answer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One question to a reward service and how its reply is read. Asked is {@code {"prompt": text, "completion": text,
 * "messages": [...], "columns": {...}}} (messages for dialogues only), answered {@code {"reward": number}}; other keys of the reply are ignored.
 */
final class ServiceCall {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    /** A reply holds a number; what is longer is something else. */
    private static final int MOST_BYTES = 64 << 10;

    private static final int SHOWN = 120;
    private static final Set<Integer> PASSING = Set.of(408, 425, 429);
    private static final int MOST_PAUSE_SECONDS = 3600;

    private final HttpClient client;
    private final HttpRequest.Builder request;

    /**
     * What came back.
     *
     * @param score the number, when there is no failure
     * @param code of the failure
     * @param failure what is wrong, null when nothing is
     * @param again whether another attempt may help
     * @param retryAfter least pause before it, as the service asks
     */
    record Reply(double score, String code, @Nullable String failure, boolean again, Duration retryAfter) {
        static Reply of(double score) {
            return new Reply(score, "", null, false, Duration.ZERO);
        }

        static Reply failed(String code, String failure, boolean again) {
            return new Reply(Double.NaN, code, failure, again, Duration.ZERO);
        }
    }

    ServiceCall(URI service, HttpClient client) {
        this.client = client;
        this.request = HttpRequest.newBuilder(service)
                .version(HttpClient.Version.HTTP_1_1)
                .header("Content-Type", "application/json")
                .header("Accept", "application/json");
    }

    /** The body of the question. */
    static byte[] body(Answer answer) {
        Map<String, Object> question = new LinkedHashMap<>();
        question.put("prompt", answer.prompt());
        question.put("completion", answer.completion());
        if (!answer.messages().isEmpty()) {
            question.put("messages", answer.messages());
        }
        if (!answer.columns().isEmpty()) {
            question.put("columns", answer.columns());
        }
        try {
            return JSON.writeValueAsBytes(question);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("a sample cannot be written as JSON: " + question, e);
        }
    }

    /** Sends it; fails when the connection does, and can be cancelled. */
    CompletableFuture<Reply> post(byte[] body) {
        HttpRequest post = request.copy()
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build();
        CompletableFuture<HttpResponse<byte[]>> sent = client.sendAsync(post, info -> new BoundedBody(MOST_BYTES));
        CompletableFuture<Reply> reply = sent.thenApply(ServiceCall::read);
        // A dependent stage that is cancelled does not cancel what it waits for.
        reply.whenComplete((r, e) -> {
            if (reply.isCancelled()) {
                sent.cancel(true);
            }
        });
        return reply;
    }

    private static Reply read(HttpResponse<byte[]> response) {
        int status = response.statusCode();
        byte[] body = response.body();
        if (status / 100 != 2) {
            boolean again = status >= 500 || PASSING.contains(status);
            Duration pause = again ? retryAfter(response) : Duration.ZERO;
            return new Reply(Double.NaN, "http_" + status, "it answered " + status + ": " + shown(body), again, pause);
        }
        if (body.length > MOST_BYTES) {
            return Reply.failed("bad_answer", "its answer is longer than " + MOST_BYTES + " bytes", false);
        }
        JsonNode reward;
        try {
            reward = JSON.readTree(body).path("reward");
        } catch (java.io.IOException e) {
            return Reply.failed("bad_answer", "its answer is not JSON: " + shown(body), false);
        }
        if (!reward.isNumber() || !Float.isFinite(reward.floatValue())) {
            return Reply.failed("bad_answer", "expected {\"reward\": a finite number}, got " + shown(body), false);
        }
        return Reply.of(reward.doubleValue());
    }

    /** The seconds of a Retry-After; its other form, a date, counts as none. */
    private static Duration retryAfter(HttpResponse<?> response) {
        String text = response.headers().firstValue("Retry-After").orElse("");
        return text.matches("\\d{1,4}")
                ? Duration.ofSeconds(Math.min(Integer.parseInt(text), MOST_PAUSE_SECONDS))
                : Duration.ZERO;
    }

    private static String shown(byte[] body) {
        String text = new String(body, 0, Math.min(body.length, SHOWN), StandardCharsets.UTF_8);
        return "\"" + text.replaceAll("\\p{Cntrl}+", " ") + (body.length > SHOWN ? "...\"" : "\"");
    }
}
