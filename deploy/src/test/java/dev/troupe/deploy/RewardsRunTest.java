package dev.troupe.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** Rewards of every kind in a run: sums with weights, rows of prompts, remote services. */
class RewardsRunTest extends RunsApart {
    private static final Offset<Double> FLOAT = Offset.offset(1e-5);

    private List<JsonNode> lines(String run, String file) throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<JsonNode> lines = new java.util.ArrayList<>();
        for (String line : Files.readAllLines(runs.resolve(run).resolve(file))) {
            lines.add(json.readTree(line));
        }
        return lines;
    }

    @Test
    void severalRewardsAreASumAndEachIsTold() throws IOException {
        Troupe told = Troupe.run(
                "sum",
                "samples.every=1",
                "reward.parts=[{rule = sentiment}, {rule = length, weight = 0.5, name = long},"
                        + " {model = stories-reward, weight = -0.25}]");

        assertThat(told.code()).as(told.err()).isZero();
        List<JsonNode> metrics = lines("sum", "metrics.jsonl");
        assertThat(metrics).hasSize(2).allSatisfy(m -> {
            double sum = m.get("rewards/sentiment/mean").asDouble()
                    + 0.5 * m.get("rewards/long/mean").asDouble()
                    - 0.25 * m.get("rewards/model/mean").asDouble();
            assertThat(m.get("objective/scores").asDouble()).isEqualTo(sum, FLOAT);
            assertThat(m.get("rewards/sentiment/mean").asDouble())
                    .isEqualTo(m.get("gold/sentiment").asDouble(), FLOAT);
            assertThat(m.get("rewards/model/std").asDouble()).isPositive();
        });
        assertThat(lines("sum", "samples.jsonl")).isNotEmpty().allSatisfy(sample -> {
            JsonNode rewards = sample.get("rewards");
            double sum = rewards.get("sentiment").asDouble()
                    + 0.5 * rewards.get("long").asDouble()
                    - 0.25 * rewards.get("model").asDouble();
            assertThat(rewards.get("reward").asDouble()).isEqualTo(sum, FLOAT);
        });
        assertThat(summary("sum").get("reward_after").isNumber()).isTrue();
    }

    @Test
    void aRuleSeesTheRowOfItsPrompt() throws IOException {
        Path prompts = Files.writeString(runs.resolve("rows.jsonl"), """
                {"question": "Once there was a cat.", "answer": 3}
                {"question": "One day, Sue had a red boat.", "answer": 5}
                {"prompt": "It was late.", "answer": 7.5}
                """);
        Troupe told = Troupe.run(
                "rows",
                "steps=3",
                "samples.every=1",
                "data.prompts=" + prompts,
                "eval.prompts=" + prompts,
                "reward.kind=rule",
                "reward.rule=\"" + BadRules.OfTheRow.class.getName() + "\"");

        assertThat(told.code()).as(told.err()).isZero();
        Map<String, Double> seen = new HashMap<>();
        for (JsonNode sample : lines("rows", "samples.jsonl")) {
            Double before = seen.put(
                    sample.get("prompt").asText().strip(),
                    sample.get("rewards").get("reward").asDouble());
            assertThat(before).isIn(null, seen.get(sample.get("prompt").asText().strip()));
        }
        assertThat(seen)
                .isEqualTo(
                        Map.of("Once there was a cat.", 3.0, "One day, Sue had a red boat.", 5.0, "It was late.", 7.5));
        assertThat(summary("rows").get("reward_before").asDouble())
                .as("two evaluated prompts")
                .isEqualTo(4);
    }

    /** A service that lets its first calls hang or answers them all. */
    private record Service(HttpServer server, ExecutorService threads, CountDownLatch over) implements AutoCloseable {
        static Service start(boolean hangs) throws IOException {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            Service service = new Service(server, Executors.newCachedThreadPool(), new CountDownLatch(1));
            server.setExecutor(service.threads);
            server.createContext("/", exchange -> {
                int letters = exchange.getRequestBody().readAllBytes().length;
                if (hangs) {
                    try {
                        service.over.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                }
                byte[] answer = ("{\"reward\": " + letters / 64.0 + "}").getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, answer.length);
                exchange.getResponseBody().write(answer);
                exchange.close();
            });
            server.start();
            return service;
        }

        String url() {
            return "http://127.0.0.1:" + server.getAddress().getPort() + "/score";
        }

        @Override
        public void close() {
            over.countDown();
            server.stop(0);
            threads.shutdownNow();
        }
    }

    @Test
    void aRemoteServiceRewardsAndItsSlowSamplesAreListed() throws IOException {
        try (Service service = Service.start(false)) {
            Troupe told = Troupe.run("remote", "reward.kind=http", "reward.http.url=" + service.url());

            assertThat(told.code()).as(told.err()).isZero();
            assertThat(lines("remote", "metrics.jsonl"))
                    .allSatisfy(m -> assertThat(m.get("rewards/http/mean").asDouble())
                            .isPositive()
                            .isEqualTo(m.get("objective/scores").asDouble(), FLOAT));
            assertThat(Files.readString(runs.resolve("remote/run.log")))
                    .containsPattern("http \\(\\S+\\): the slowest of \\d+ samples: \\d+/\\d \\d");
        }
    }

    @Test
    void aRemoteServiceThatHangsEndsTheRunWithItsReason() throws IOException {
        try (Service service = Service.start(true)) {
            Troupe told = Troupe.run(
                    "hangs",
                    "reward.parts=[{rule = length}, {http = \"" + service.url() + "\", name = judge}]",
                    "reward.deadline=100ms");

            assertThat(told.code()).isEqualTo(1);
            assertThat(told.err()).contains("in a row got no score", "deadline: judge: judge (http", "reward.deadline");
        }
    }
}
