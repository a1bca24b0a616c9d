package dev.troupe.transport;

import static dev.troupe.transport.Fixtures.anyPort;
import static dev.troupe.transport.Fixtures.settings;
import static dev.troupe.transport.Fixtures.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.proto.TensorSet;
import dev.troupe.proto.WireException;
import dev.troupe.proto.v1.WeightChunk;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WeightsTest {
    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }

    private AeronNode node(String... overrides) {
        AeronNode node = AeronNode.start(settings(overrides));
        open.add(node);
        return node;
    }

    /** What a listener heard. */
    private static class Heard implements WeightsListener {
        final Queue<TensorSet> complete = new ConcurrentLinkedQueue<>();
        final Queue<WeightsAnnouncement> completed = new ConcurrentLinkedQueue<>();
        final Queue<List<ChunkRange>> missing = new ConcurrentLinkedQueue<>();
        final Queue<WireException> refused = new ConcurrentLinkedQueue<>();

        @Override
        public void onComplete(WeightsAnnouncement announcement, TensorSet tensors) {
            completed.add(announcement);
            complete.add(tensors);
        }

        @Override
        public void onMissing(WeightsAnnouncement announcement, List<ChunkRange> ranges) {
            missing.add(ranges);
        }

        @Override
        public void onRefused(WeightsAnnouncement announcement, WireException reason) {
            refused.add(reason);
        }
    }

    private static WeightsAnnouncement publish(WeightsSource source, String set, long version, TensorSet tensors) {
        source.publish(set, version, tensors);
        return source.announcement(set, version);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "127.0.0.1", "127.0.0.2"})
    void shouldBringAPublishedVersionToItsReceiver(String host) {
        boolean inside = host.isEmpty();
        AeronNode learner = node();
        AeronNode rollout = inside ? learner : node();
        WeightsSource source = new WeightsSource(learner.open("learner", inside ? null : anyPort("127.0.0.1")));
        Station there = rollout.open("rollout-1", inside ? null : anyPort(host));
        Heard heard = new Heard();
        WeightsSink sink = WeightsSink.open(there, heard);
        open.add(sink);
        TensorSet tensors = weights(1, 500_000);
        WeightsAnnouncement announcement = publish(source, "policy", 7, tensors);
        assertThat(announcement.chunks()).isEqualTo(21);
        // Chunks may overtake their announcement, which goes another way.
        assertThat(source.send(there.address(), "policy", 7)).isTrue();
        sink.expect(announcement);
        Await.until("the complete set", () -> !heard.complete.isEmpty());
        assertThat(heard.complete.peek()).isEqualTo(tensors);
        assertThat(heard.completed.peek()).isEqualTo(announcement);
        assertThat(learner.bytesSentByStream().get("weights")).isGreaterThan(2_000_000);
        assertThat(announcement.fingerprint()).isEqualTo(tensors.fingerprint());
    }

    /** A sink behind a wire that loses chunks. */
    private static void lossy(Station there, WeightsSink sink, Predicate<WeightChunk> passes) {
        there.receive(Stream.WEIGHTS, delivery -> {
            if (passes.test((WeightChunk) delivery.body())) {
                sink.onMessage(delivery);
            }
        });
        there.node().receiveLoop().add(sink::tick);
    }

    @Test
    void shouldAskForMissingChunksUntilTheyCome() {
        AeronNode node = node();
        WeightsSource source = new WeightsSource(node.open("learner", null));
        Station there = node.open("rollout-1", null);
        Queue<Integer> lost = new ConcurrentLinkedQueue<>(List.of(0, 3, 4, 5, 20));
        Queue<List<ChunkRange>> asked = new ConcurrentLinkedQueue<>();
        Heard heard = new Heard() {
            @Override
            public void onMissing(WeightsAnnouncement announcement, List<ChunkRange> ranges) {
                asked.add(ranges);
                source.send(there.address(), announcement.set(), announcement.version(), ranges);
            }
        };
        WeightsSink sink = new WeightsSink(settings(), heard);
        open.add(sink);
        lossy(there, sink, chunk -> !lost.remove(chunk.getIndex()));
        TensorSet tensors = weights(2, 500_000);
        sink.expect(publish(source, "policy", 1, tensors));
        source.send(there.address(), "policy", 1);
        Await.until("the complete set", () -> !heard.complete.isEmpty());
        assertThat(heard.complete.peek()).isEqualTo(tensors);
        assertThat(asked.peek()).isEqualTo(List.of(new ChunkRange(0, 0), new ChunkRange(3, 5), new ChunkRange(20, 20)));
    }

    @Test
    void shouldRefuseASetWithAnotherDigest() {
        AeronNode node = node();
        WeightsSource source = new WeightsSource(node.open("learner", null));
        Station there = node.open("rollout-1", null);
        Heard heard = new Heard();
        WeightsSink sink = WeightsSink.open(there, heard);
        open.add(sink);
        WeightsAnnouncement right = publish(source, "policy", 1, weights(3, 1000));
        String other = weights(4, 1000).fingerprint();
        sink.expect(new WeightsAnnouncement("policy", 1, other, right.bytes(), right.chunks()));
        source.send(there.address(), "policy", 1);
        Await.until("the refusal", () -> !heard.refused.isEmpty());
        assertThat(heard.refused.peek().code()).isEqualTo(WireException.Code.DIGEST);
        assertThat(heard.refused.peek())
                .hasMessageContaining("'policy' version 1")
                .hasMessageContaining(other)
                .hasMessageContaining(right.fingerprint());
        assertThat(heard.complete).isEmpty();
        // Told the truth, the same version is taken.
        sink.expect(right);
        source.send(there.address(), "policy", 1);
        Await.until("the complete set", () -> !heard.complete.isEmpty());
    }

    @Test
    void shouldCheckASetThatCameBeforeItsAnnouncement() {
        AeronNode node = node();
        WeightsSource source = new WeightsSource(node.open("learner", null));
        Station there = node.open("rollout-1", null);
        Heard heard = new Heard();
        WeightsSink sink = new WeightsSink(settings(), heard);
        open.add(sink);
        AtomicInteger came = new AtomicInteger();
        there.receive(Stream.WEIGHTS, delivery -> {
            sink.onMessage(delivery);
            came.incrementAndGet();
        });
        for (int version = 1; version <= 2; version++) {
            int before = came.get();
            source.publish("policy", version, weights(version, 100_000));
            source.send(there.address(), "policy", version);
            int chunks = source.announcement("policy", version).chunks();
            Await.until("all chunks", () -> came.get() == before + chunks);
            WeightsAnnouncement a = source.announcement("policy", version);
            String told = version == 1 ? weights(9, 100_000).fingerprint() : a.fingerprint();
            sink.expect(new WeightsAnnouncement("policy", version, told, a.bytes(), a.chunks()));
        }
        Await.until("the second", () -> !heard.complete.isEmpty());
        assertThat(heard.complete).containsExactly(weights(2, 100_000));
        assertThat(heard.refused)
                .singleElement()
                .satisfies(e -> assertThat(e.code()).isEqualTo(WireException.Code.DIGEST));
    }

    @Test
    void shouldReplaceAnIncompleteVersionByANewerOne() {
        AeronNode node = node();
        WeightsSource source = new WeightsSource(node.open("learner", null));
        Station there = node.open("rollout-1", null);
        Heard heard = new Heard();
        WeightsSink sink = new WeightsSink(settings(), heard);
        open.add(sink);
        lossy(there, sink, chunk -> chunk.getVersion() != 1 || chunk.getIndex() != 2);
        sink.expect(publish(source, "policy", 1, weights(5, 100_000)));
        source.send(there.address(), "policy", 1);
        Await.until("a question for the lost chunk", () -> !heard.missing.isEmpty());
        assertThat(heard.missing.peek()).isEqualTo(List.of(new ChunkRange(2, 2)));
        TensorSet newer = weights(6, 100_000);
        sink.expect(publish(source, "policy", 2, newer));
        source.send(there.address(), "policy", 2);
        Await.until("the newer set", () -> !heard.complete.isEmpty());
        assertThat(heard.complete.peek()).isEqualTo(newer);
        // What is older than the complete one is not wanted any more.
        sink.expect(new WeightsAnnouncement("policy", 1, "", 10, 1));
        assertThat(heard.complete).hasSize(1);
    }

    @Test
    void shouldKeepTheLastVersionsAndFollowSeveralSets() {
        AeronNode node = node("transport.weights.kept = 2");
        WeightsSource source = new WeightsSource(node.open("learner", null));
        Station there = node.open("value-1", null);
        Heard heard = new Heard();
        WeightsSink sink = WeightsSink.open(there, heard);
        open.add(sink);
        for (int version = 1; version <= 3; version++) {
            source.publish("policy", version, weights(version, 10));
        }
        assertThat(source.send(there.address(), "policy", 1)).isFalse();
        assertThat(source.send(there.address(), "value", 1)).isFalse();
        sink.expect(publish(source, "value", 3, weights(33, 10)));
        sink.expect(source.announcement("policy", 3));
        assertThat(source.send(there.address(), "policy", 3)).isTrue();
        assertThat(source.send(there.address(), "value", 3)).isTrue();
        Await.until("both sets", () -> heard.complete.size() == 2);
        assertThat(heard.complete).containsExactlyInAnyOrder(weights(3, 10), weights(33, 10));
        source.forget(there.address());
        assertThatThrownBy(() -> source.announcement("policy", 1)).hasMessageContaining("version 1 of set 'policy'");
    }

    @Test
    void shouldRefuseASetBeyondTheBound() {
        WeightsSink sink = new WeightsSink(settings("transport.weights.max_bytes = 1 MB"), new Heard());
        open.add(sink);
        assertThatThrownBy(() -> sink.expect(new WeightsAnnouncement("policy", 1, "", 1_000_001, 11)))
                .isInstanceOf(WireException.class)
                .hasMessageContaining("transport.weights.max_bytes");
    }
}
