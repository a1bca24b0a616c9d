package dev.troupe.reward;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.data.sources.Message;
import dev.troupe.data.sources.Prompt;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.RowScore;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HttpScorerTest {
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final int ATTEMPTS = 3;

    @TempDir
    Path folder;

    private RewardServer server;

    @BeforeEach
    void serve() throws Exception {
        server = new RewardServer();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private LongFunction<Prompt> prompts = draw -> new Prompt(draw, "p", List.of(), Map.of("answer", "of " + draw));

    private HttpScorer scorer(URI service, int concurrency, Duration deadline) throws Exception {
        return new HttpScorer(
                "judge",
                service,
                new HttpSettings(concurrency, ATTEMPTS, Duration.ofMillis(1)),
                deadline,
                new AnswerTexts(TinyTokenizer.open(folder, RewardServer.WORDS), prompts));
    }

    private static ScoreRequest asking(String... words) {
        return Asked.of(4, Stream.of(words).mapToInt(RewardServer::id).toArray());
    }

    private static List<RowScore> get(HttpScorer scorer, ScoreRequest request) throws Exception {
        return scorer.score(request, 0)
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS)
                .getRowsList();
    }

    private static String failure(RowScore row) {
        return row.getFailure().getCode() + ": " + row.getFailure().getMessage();
    }

    @Test
    void asksOneSampleAtATimeWithTextsAndColumns() throws Exception {
        try (HttpScorer scorer = scorer(server.address(), 1, LONG)) {
            RowScore row = get(scorer, asking("fine")).get(0);
            assertThat(Tensors.floats(row.getValues())).containsExactly(0.5f);
            assertThat(row.getName()).isEqualTo("judge");
            assertThat(server.bodies)
                    .containsExactly("POST application/json {\"prompt\":\"once upon\",\"completion\":\"fine\","
                            + "\"columns\":{\"answer\":\"of 4\"}}");
        }
    }

    @Test
    void aDialoguesTurnsAreSentAsTheyAre() throws Exception {
        Map<String, Object> calls = new LinkedHashMap<>();
        calls.put("role", "assistant");
        calls.put("tool_calls", List.of(Map.of("name", "add")));
        prompts = draw -> new Prompt(
                draw, "Hi", List.of(new Message("user", "Hi"), new Message(calls), new Message("tool", "Zo\u00eb")));
        try (HttpScorer scorer = scorer(server.address(), 1, LONG)) {
            get(scorer, asking("fine"));
            assertThat(server.bodies)
                    .containsExactly("POST application/json {\"prompt\":\"once upon\",\"completion\":\"fine\","
                            + "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},"
                            + "{\"role\":\"assistant\",\"tool_calls\":[{\"name\":\"add\"}]},"
                            + "{\"role\":\"tool\",\"content\":\"Zo\u00eb\"}]}");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "html    | bad_answer: judge (http://127.0.0.1:PORT/score) at attempt 1 of 3: its answer is not JSON",
                "nan     | its answer is not JSON: \"{\"reward\": NaN}\"",
                "large   | bad_answer: ",
                "word    | expected {\"reward\": a finite number}, got \"{\"reward\": \"high\"}\"",
                "missing | expected {\"reward\": a finite number}",
                "huge    | its answer is longer than 65536 bytes",
                "refuses | http_400: judge (http://127.0.0.1:PORT/score) at attempt 1 of 3: it answered 400: \"no such",
            })
    void nonsenseFailsItsSampleAtOnceAndByName(String word, String said) throws Exception {
        try (HttpScorer scorer = scorer(server.address(), 2, LONG)) {
            List<RowScore> rows = get(scorer, asking("fine", word, "fine"));
            assertThat(failure(rows.get(1)))
                    .contains(said.replace("PORT", "" + server.address().getPort()))
                    .doesNotContain("secret");
            assertThat(server.asked(word)).isEqualTo(1);
            assertThat(Tensors.floats(rows.get(0).getValues())).containsExactly(0.5f);
            assertThat(Tensors.floats(rows.get(2).getValues())).containsExactly(0.5f);
        }
    }

    @Test
    void aServiceThatIsBusyIsAskedAgain() throws Exception {
        try (HttpScorer scorer = scorer(server.address(), 2, LONG)) {
            assertThat(Tensors.floats(get(scorer, asking("busy")).get(0).getValues()))
                    .containsExactly(0.25f);
            assertThat(server.asked("busy")).isEqualTo(3);
        }
    }

    @Test
    void oneThatKeepsBreakingIsGivenUpAfterTheLastAttempt() throws Exception {
        try (HttpScorer scorer = scorer(server.address(), 2, LONG)) {
            List<RowScore> rows = get(scorer, asking("breaks", "fine", "closes"));
            assertThat(failure(rows.get(0)))
                    .startsWith("http_500: judge ")
                    .contains("at attempt 3 of 3: it answered 500: \"out of memory\"");
            assertThat(server.asked("breaks")).isEqualTo(ATTEMPTS);
            assertThat(rows.get(1).hasFailure()).isFalse();
            assertThat(failure(rows.get(2)))
                    .startsWith("connection: judge ")
                    .contains("at attempt 3 of 3: the connection failed: java.io.IOException");
            assertThat(server.asked("closes")).isEqualTo(ATTEMPTS);
        }
    }

    @Test
    void whereNobodyListensTheConnectionFails() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        try (HttpScorer scorer = scorer(URI.create("http://127.0.0.1:" + port + "/"), 2, LONG)) {
            assertThat(failure(get(scorer, asking("fine")).get(0)))
                    .startsWith("connection: ")
                    .contains("attempt 3 of 3", "ConnectException");
        }
    }

    @ParameterizedTest
    @CsvSource({"hangs", "stalls"})
    void oneThatHangsCostsItsSampleTheDeadlineAndBlocksNobody(String word) throws Exception {
        try (HttpScorer scorer = scorer(server.address(), 1, SHORT)) {
            List<RowScore> rows = get(scorer, asking(word, "fine"));
            assertThat(failure(rows.get(0)))
                    .startsWith("deadline: judge ")
                    .contains("it took longer than reward.deadline = PT0.3S; no score after 1 attempts");
            assertThat(Tensors.floats(rows.get(1).getValues())).containsExactly(0.5f);
        }
    }

    @Test
    void aPauseThatTheServiceAsksForIsKept() throws Exception {
        try (HttpScorer scorer = scorer(server.address(), 1, SHORT)) {
            assertThat(failure(get(scorer, asking("later")).get(0)))
                    .contains("reward.deadline", "no score after 1 attempts", "it answered 503: \"maintenance\"");
            assertThat(server.asked("later")).isEqualTo(1);
        }
    }

    @Test
    void theAnswerGoesOutBeforeItsAskerGivesItUp() throws Exception {
        try (HttpScorer scorer = scorer(server.address(), 1, LONG)) {
            ScoreRequest request = asking("fine", "hangs", "fine").toBuilder()
                    .setDeadlineMs(1000)
                    .build();
            List<RowScore> rows = get(scorer, request);
            assertThat(Tensors.floats(rows.get(0).getValues())).containsExactly(0.5f);
            assertThat(failure(rows.get(1))).contains("the asker's deadline of 1000 ms is near; no score after 1");
            assertThat(failure(rows.get(2))).contains("it waited for one of reward.http.concurrency = 1 places");
            assertThat(get(scorer, asking("fine")).get(0).hasFailure())
                    .as("the place is free again")
                    .isFalse();
        }
    }

    @Test
    void atMostSoManySamplesAreUnderWay() throws Exception {
        try (HttpScorer scorer = scorer(server.address(), 2, LONG)) {
            List<CompletableFuture<ScoreAnswer>> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                all.add(scorer.score(asking("together", "together"), 0).toCompletableFuture());
            }
            for (CompletableFuture<ScoreAnswer> one : all) {
                assertThat(one.get(60, TimeUnit.SECONDS).getRowsList()).allMatch(row -> !row.hasFailure());
            }
            assertThat(server.mostAtOnce).hasValue(2);
        }
    }

    @Test
    void whatIsUnderWayFailsByNameWhenTheActorCloses() throws Exception {
        CompletableFuture<ScoreAnswer> answer;
        try (HttpScorer scorer = scorer(server.address(), 1, LONG)) {
            answer = scorer.score(asking("hangs", "fine"), 0).toCompletableFuture();
            assertThat(server.hanging.await(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(answer.get(60, TimeUnit.SECONDS).getRowsList())
                .allSatisfy(row -> assertThat(failure(row)).contains("the reward actor closes"));
    }
}
