package dev.troupe.reward;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A reward service on this machine that does to each sample what its completion says. */
final class RewardServer implements AutoCloseable {
    /** What a completion may ask for. */
    static final String[] WORDS = {
        "once",
        "upon",
        "fine",
        "hangs",
        "stalls",
        "closes",
        "html",
        "nan",
        "large",
        "word",
        "missing",
        "huge",
        "breaks",
        "refuses",
        "busy",
        "later",
        "together"
    };

    private static final Pattern COMPLETION = Pattern.compile("\"completion\":\"(\\w+)\"");

    final List<String> bodies = new CopyOnWriteArrayList<>();
    final CountDownLatch hanging = new CountDownLatch(1);
    final AtomicInteger mostAtOnce = new AtomicInteger();
    private final Map<String, AtomicInteger> asked = new ConcurrentHashMap<>();
    private final AtomicInteger atOnce = new AtomicInteger();
    private final CountDownLatch two = new CountDownLatch(2);
    private final CountDownLatch over = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    RewardServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/score", this::serve);
        server.start();
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/score?key=secret");
    }

    /** The token id of a word, as {@link TinyTokenizer} numbers them. */
    static int id(String word) {
        return 3 + List.of(WORDS).indexOf(word);
    }

    /** Requests for completions that say this. */
    int asked(String word) {
        AtomicInteger count = asked.get(word);
        return count == null ? 0 : count.get();
    }

    private void serve(HttpExchange exchange) throws IOException {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        bodies.add(
                exchange.getRequestMethod() + " " + exchange.getRequestHeaders().getFirst("Content-Type") + " " + body);
        Matcher word = COMPLETION.matcher(body);
        String asks = word.find() ? word.group(1) : "?";
        int number = asked.computeIfAbsent(asks, w -> new AtomicInteger()).incrementAndGet();
        switch (asks) {
            case "hangs" -> {
                hanging.countDown();
                awaitEnd();
            }
            case "stalls" -> {
                exchange.sendResponseHeaders(200, 20);
                exchange.getResponseBody().write("{\"rew".getBytes(StandardCharsets.UTF_8));
                exchange.getResponseBody().flush();
                awaitEnd();
            }
            case "closes" -> exchange.close();
            case "html" -> answer(exchange, 200, "<html>\nsign in</html>");
            case "nan" -> answer(exchange, 200, "{\"reward\": NaN}");
            case "large" -> answer(exchange, 200, "{\"reward\": 1e300}");
            case "word" -> answer(exchange, 200, "{\"reward\": \"high\"}");
            case "missing" -> answer(exchange, 200, "{\"score\": 1}");
            case "huge" -> answer(exchange, 200, "{\"reward\": 1}" + " ".repeat(1 << 20));
            case "breaks" -> answer(exchange, 500, "out of memory");
            case "refuses" -> answer(exchange, 400, "no such column");
            case "busy" -> {
                if (number < 3) {
                    answer(exchange, 429, "slow down");
                } else {
                    answer(exchange, 200, "{\"reward\": 0.25}");
                }
            }
            case "later" -> {
                exchange.getResponseHeaders().set("Retry-After", "3600");
                answer(exchange, 503, "maintenance");
            }
            case "together" -> {
                mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                two.countDown();
                await(two);
                atOnce.decrementAndGet();
                answer(exchange, 200, "{\"reward\": 1}");
            }
            default -> answer(exchange, 200, "{\"reward\": 0.5, \"why\": \"it is\"}");
        }
    }

    private void awaitEnd() {
        await(over);
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("nobody came");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    @Override
    public void close() {
        over.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
