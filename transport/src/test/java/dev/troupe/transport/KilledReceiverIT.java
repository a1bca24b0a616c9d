package dev.troupe.transport;

import static dev.troupe.transport.Fixtures.anyPort;
import static dev.troupe.transport.Fixtures.settings;
import static dev.troupe.transport.Fixtures.trajectory;
import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.proto.v1.Address;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A receiver killed with -9: named while it is away, and nothing unacknowledged is lost when it comes back. */
class KilledReceiverIT {
    private static final int MESSAGES = 400;

    @TempDir
    Path folder;

    private final List<Process> children = new ArrayList<>();

    /** A child and what it printed. */
    private record Child(Process process, Queue<String> lines) {
        long count() {
            return lines.stream().filter(line -> line.startsWith("got ")).count();
        }

        int port() {
            Await.until("the child's port", () -> lines.stream().anyMatch(line -> line.startsWith("port ")));
            return lines.stream()
                    .filter(line -> line.startsWith("port "))
                    .mapToInt(line -> Integer.parseInt(line.substring(5)))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private Child start(int port, int limit) throws IOException {
        Process process = new ProcessBuilder(
                        System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                        "--add-opens",
                        "java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ReceiverProcess.class.getName(),
                        "127.0.0.2",
                        Integer.toString(port),
                        Integer.toString(limit),
                        folder.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        children.add(process);
        Queue<String> lines = new ConcurrentLinkedQueue<>();
        Thread reader = new Thread(() -> {
            try (BufferedReader output =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                output.lines().forEach(lines::add);
            } catch (IOException | UncheckedIOException killed) {
                lines.add("ended");
            }
        });
        reader.setDaemon(true);
        reader.start();
        return new Child(process, lines);
    }

    @AfterEach
    void killChildren() throws InterruptedException {
        for (Process child : children) {
            child.destroyForcibly().waitFor();
        }
    }

    @Test
    void shouldNameItAndBringItTheRestWhenItIsBack() throws Exception {
        try (AeronNode node = AeronNode.start(settings("transport.peer_timeout = 1 s"))) {
            Station rollout = node.open("rollout-1", anyPort("127.0.0.1"));
            Child first = start(0, 150);
            Address learner = Address.newBuilder()
                    .setNode("learner")
                    .setHost("127.0.0.2")
                    .setPort(first.port())
                    .build();
            Outbox outbox = rollout.outbox(learner, Stream.TRAJECTORIES);
            Queue<TransportException> failures = new ConcurrentLinkedQueue<>();
            outbox.onFailure(failures::add);
            for (int i = 0; i < MESSAGES; i++) {
                outbox.send(trajectory(i, 8), 0);
            }
            Await.until("150 messages taken", () -> first.count() == 150);
            Await.until("150 acknowledgements", () -> outbox.unacked() == MESSAGES - 150);
            first.process().destroyForcibly().waitFor();
            Await.until("the failure's report", () -> !failures.isEmpty());
            assertThat(failures.peek())
                    .hasMessageContaining("127.0.0.2:" + learner.getPort())
                    .hasMessageContaining((MESSAGES - 150) + " unacknowledged messages");

            Child second = start(learner.getPort(), Integer.MAX_VALUE);
            assertThat(outbox.awaitAcked(Duration.ofSeconds(60))).isTrue();
            Await.until("the child's lines", () -> second.count() >= MESSAGES - 150);
            Set<String> both = new TreeSet<>(first.lines());
            both.addAll(second.lines());
            assertThat(both.stream().filter(line -> line.startsWith("got "))).hasSize(MESSAGES);
            // What a receiver knows dies with it: its successor may see again what was under way. But only once.
            assertThat(second.lines()).doesNotHaveDuplicates();
            assertThat(first.count()).isEqualTo(150);
        }
    }
}
