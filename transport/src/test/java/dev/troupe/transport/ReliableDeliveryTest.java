package dev.troupe.transport;

import static dev.troupe.transport.Fixtures.anyPort;
import static dev.troupe.transport.Fixtures.draw;
import static dev.troupe.transport.Fixtures.settings;
import static dev.troupe.transport.Fixtures.trajectory;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.proto.Envelopes;
import dev.troupe.proto.v1.Address;
import dev.troupe.proto.v1.Envelope;
import dev.troupe.proto.v1.LeaseGrant;
import io.aeron.ExclusivePublication;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Through real media drivers: within one process by IPC, between two nodes by UDP on two loopback addresses. */
class ReliableDeliveryTest {
    private final List<AeronNode> nodes = new ArrayList<>();

    /** How the two stations of a test are joined. */
    enum Way {
        IPC,
        UDP
    }

    private AeronNode node(String... overrides) {
        AeronNode node = AeronNode.start(settings(overrides));
        nodes.add(node);
        return node;
    }

    @AfterEach
    void closeNodes() {
        nodes.forEach(AeronNode::close);
    }

    /** A sender and the node where its receiver opens. */
    private record Pair(Station sender, AeronNode there, InetSocketAddress at) {}

    private Pair pair(Way way, String... overrides) {
        AeronNode here = node(overrides);
        if (way == Way.IPC) {
            return new Pair(here.open("rollout-1", null), here, null);
        }
        return new Pair(here.open("rollout-1", anyPort("127.0.0.1")), node(overrides), anyPort("127.0.0.2"));
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void shouldDeliverTenThousandMessagesExactlyOnce(Way way) throws Exception {
        Pair pair = pair(way);
        Station learner = pair.there().open("learner", pair.at());
        List<Long> got = Collections.synchronizedList(new ArrayList<>());
        learner.receive(Stream.TRAJECTORIES, delivery -> {
            got.add(draw(delivery));
            delivery.ack(1, got.size());
        });
        Outbox outbox = pair.sender().outbox(learner.address(), Stream.TRAJECTORIES);
        AtomicInteger acked = new AtomicInteger();
        outbox.onAcked((sequence, epoch, position) -> acked.incrementAndGet());
        for (int i = 0; i < 10_000; i++) {
            outbox.send(trajectory(i, 8), 3);
        }
        assertThat(outbox.awaitAcked(Duration.ofSeconds(60))).isTrue();
        Await.until("10,000 acknowledgements", () -> acked.get() == 10_000);
        assertThat(new HashSet<>(got)).hasSize(10_000);
        assertThat(got).hasSize(10_000);
        assertThat(outbox.bytesWaiting()).isZero();
        AeronNode here = nodes.get(0);
        assertThat(here.bytesSentByStream().get("trajectories")).isGreaterThan(10_000 * 300L);
        assertThat(here.bytesReceivedByStream().get("acks")).isPositive();
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void shouldLoseNothingWhenTheReceiverClosesAndOpensAgain(Way way) throws Exception {
        Pair pair = pair(way);
        Set<Long> held = ConcurrentHashMap.newKeySet();
        AtomicInteger twice = new AtomicInteger();
        Receiver receiver = delivery -> {
            if (!held.add(draw(delivery))) {
                twice.incrementAndGet();
            }
            delivery.ack(1, 0);
        };
        Station first = pair.there().open("learner", pair.at());
        first.receive(Stream.TRAJECTORIES, receiver);
        Address address = first.address();
        Outbox outbox = pair.sender().outbox(address, Stream.TRAJECTORIES);
        for (int i = 0; i < 500; i++) {
            outbox.send(trajectory(i, 8), 0);
        }
        Await.until("the first hundred", () -> held.size() >= 100);
        first.close();
        for (int i = 500; i < 1000; i++) {
            outbox.send(trajectory(i, 8), 0);
        }
        InetSocketAddress again = way == Way.IPC ? null : new InetSocketAddress(address.getHost(), address.getPort());
        Station second = pair.there().open("learner", again);
        assertThat(second.address()).isEqualTo(address);
        second.receive(Stream.TRAJECTORIES, receiver);
        assertThat(outbox.awaitAcked(Duration.ofSeconds(60))).isTrue();
        assertThat(held).hasSize(1000);
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void shouldKeepWhatIsNotAcknowledgedAndDeliverItOnce(Way way) {
        Pair pair = pair(way);
        Station learner = pair.there().open("learner", pair.at());
        Queue<Delivery> held = new ConcurrentLinkedQueue<>();
        learner.receive(Stream.TRAJECTORIES, held::add);
        Outbox outbox = pair.sender().outbox(learner.address(), Stream.TRAJECTORIES);
        for (int i = 0; i < 20; i++) {
            outbox.send(trajectory(i, 8), 0);
        }
        Await.until("resends of held messages", () -> learner.duplicates() >= 40);
        assertThat(held).hasSize(20);
        assertThat(outbox.unacked()).isEqualTo(20);
        held.forEach(delivery -> delivery.ack(5, 17));
        Await.until("acknowledgements given later", () -> outbox.unacked() == 0);
        assertThat(held).hasSize(20);
    }

    @Test
    void shouldSendAllUnacknowledgedAgainWhenTheEpochChanges() {
        // Resends by time are off, so only the epoch can bring the held messages again.
        Pair pair = pair(Way.IPC, "transport.resend_after = 1 h");
        Station learner = pair.there().open("learner", null);
        Queue<Delivery> got = new ConcurrentLinkedQueue<>();
        learner.receive(Stream.TRAJECTORIES, got::add);
        Outbox outbox = pair.sender().outbox(learner.address(), Stream.TRAJECTORIES);
        for (int i = 0; i < 5; i++) {
            outbox.send(trajectory(i, 8), 0);
        }
        Await.until("five messages", () -> got.size() == 5);
        got.poll().ack(1, 0);
        Await.until("the first acknowledgement", () -> outbox.unacked() == 4);
        assertThat(learner.duplicates()).isZero();
        got.poll().ack(2, 0);
        Await.until("three messages again", () -> learner.duplicates() == 3);
        assertThat(outbox.unacked()).isEqualTo(3);
    }

    @Test
    void shouldDeliverAgainWhenTheReceiverFails() {
        Pair pair = pair(Way.IPC);
        Station learner = pair.there().open("learner", null);
        AtomicInteger failures = new AtomicInteger();
        learner.receive(Stream.TRAJECTORIES, delivery -> {
            if (failures.getAndIncrement() == 0) {
                throw new IllegalStateException("the mailbox is full");
            }
            delivery.ack(1, 0);
        });
        Outbox outbox = pair.sender().outbox(learner.address(), Stream.TRAJECTORIES);
        outbox.send(trajectory(0, 8), 0);
        Await.until("a delivery after a failed one", () -> outbox.unacked() == 0);
        assertThat(failures.get()).isEqualTo(2);
    }

    /** Offers bytes to a station's stream as a stranger would. */
    private static void offerRaw(AeronNode node, Address to, Stream stream, byte[]... frames) {
        Link.Target target = node.target(Place.of(to), stream);
        try (ExclusivePublication raw =
                node.sendLoop().aeron().addExclusivePublication(target.channel(), target.streamId())) {
            for (byte[] frame : frames) {
                UnsafeBuffer buffer = new UnsafeBuffer(frame);
                Await.until("a raw frame to go", () -> raw.offer(buffer, 0, frame.length) > 0);
            }
        }
    }

    @Test
    void shouldAnswerADuplicateThatWasAcknowledgedBefore() {
        AeronNode node = node();
        Station rollout = node.open("rollout-1", null);
        Station learner = node.open("learner", null);
        AtomicInteger delivered = new AtomicInteger();
        learner.receive(Stream.TRAJECTORIES, delivery -> {
            delivered.incrementAndGet();
            delivery.ack(1, 0);
        });
        byte[] frame =
                Envelopes.encode(Envelopes.envelope(rollout.address(), rollout.incarnation(), 1, 0, trajectory(0, 4)));
        offerRaw(node, learner.address(), Stream.TRAJECTORIES, frame);
        Await.until("an acknowledgement", () -> node.bytesReceivedByStream().get("acks") > 0);
        long once = node.bytesReceivedByStream().get("acks");
        offerRaw(node, learner.address(), Stream.TRAJECTORIES, frame);
        Await.until(
                "the same acknowledgement again",
                () -> node.bytesReceivedByStream().get("acks") == 2 * once);
        assertThat(delivered.get()).isEqualTo(1);
        assertThat(learner.duplicates()).isEqualTo(1);
    }

    @Test
    void shouldGoOnAfterFramesThatAreNotSound() {
        AeronNode node = node();
        Station rollout = node.open("rollout-1", null);
        Station learner = node.open("learner", null);
        Queue<Delivery> got = new ConcurrentLinkedQueue<>();
        learner.receive(Stream.TRAJECTORIES, delivery -> {
            got.add(delivery);
            delivery.ack(1, 0);
        });
        Envelope sound = Envelopes.envelope(rollout.address(), 1, 1, 0, trajectory(0, 4));
        Address elsewhere = rollout.address().toBuilder().setHost("10.0.0.1").build();
        offerRaw(
                node,
                learner.address(),
                Stream.TRAJECTORIES,
                new byte[] {1, 2, 3},
                sound.toBuilder().setBodyCrc32C(0).build().toByteArray(),
                Envelopes.encode(Envelopes.envelope(rollout.address(), 1, 2, 0, LeaseGrant.getDefaultInstance())),
                Envelopes.encode(Envelopes.envelope(elsewhere, 1, 3, 0, trajectory(0, 4))),
                Envelopes.encode(Envelopes.envelope(
                        rollout.address(),
                        1,
                        4,
                        0,
                        trajectory(0, 4).toBuilder().clearId().build())));
        Await.until("five refusals", () -> learner.refused() == 5);
        Outbox outbox = rollout.outbox(learner.address(), Stream.TRAJECTORIES);
        outbox.send(trajectory(9, 4), 0);
        Await.until("a sound message", () -> outbox.unacked() == 0);
        assertThat(got).hasSize(1);
    }

    @Test
    void shouldBlockAndThenFailWhenTheOutboxIsFull() {
        Pair pair = pair(Way.IPC, "transport.outbox_bytes = 300 kB", "transport.send_deadline = 200 ms");
        Station learner = pair.there().open("learner", null);
        Queue<Delivery> held = new ConcurrentLinkedQueue<>();
        learner.receive(Stream.TRAJECTORIES, held::add);
        Outbox outbox = pair.sender().outbox(learner.address(), Stream.TRAJECTORIES);
        assertThatThrownBy(() -> LongStream.range(0, 1000).forEach(i -> outbox.send(trajectory(i, 1000), 0)))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("'learner'")
                .hasMessageContaining("trajectories")
                .hasMessageContaining("at most 300000")
                .hasMessageContaining("transport.outbox_bytes");
        long waiting = outbox.bytesWaiting();
        assertThat(waiting).isBetween(200_000L, 300_000L);
        Await.until("all that were sent", () -> held.size() == outbox.unacked());
        held.forEach(delivery -> delivery.ack(1, 0));
        // The room comes back, so a waiting sender goes on.
        outbox.send(trajectory(5000, 1000), 0);
        Await.until("the last one", () -> held.stream().anyMatch(delivery -> draw(delivery) == 5000));
    }

    @Test
    void shouldRefuseAMessageThatAeronCannotCarry() {
        Pair pair = pair(Way.IPC);
        Station learner = pair.there().open("learner", null);
        Outbox outbox = pair.sender().outbox(learner.address(), Stream.TRAJECTORIES);
        assertThatThrownBy(() -> outbox.send(trajectory(0, 10_000), 0))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("at most 131072")
                .hasMessageContaining("transport.term_length = 1048576");
        assertThatThrownBy(() -> outbox.send(LeaseGrant.getDefaultInstance(), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("trajectories");
        assertThat(outbox.unacked()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Way.class)
    void shouldNameAReceiverThatWasKilled(Way way) {
        Pair pair = pair(way, "transport.peer_timeout = 300 ms");
        Station learner = pair.there().open("learner", pair.at());
        learner.receive(Stream.TRAJECTORIES, delivery -> delivery.ack(1, 0));
        Address address = learner.address();
        Outbox outbox = pair.sender().outbox(address, Stream.TRAJECTORIES);
        outbox.send(trajectory(0, 8), 0);
        Await.until("the first acknowledgement", () -> outbox.unacked() == 0);
        Queue<TransportException> failures = new ConcurrentLinkedQueue<>();
        outbox.onFailure(failures::add);
        learner.close();
        outbox.send(trajectory(1, 8), 0);
        Await.until("the failure's report", () -> !failures.isEmpty());
        assertThat(failures).hasSize(1);
        assertThat(failures.peek())
                .hasMessageContaining("'learner'")
                .hasMessageContaining("trajectories")
                .hasMessageContaining(way == Way.UDP ? address.getHost() + ":" + address.getPort() : "station")
                .hasMessageContaining("1 unacknowledged messages");
        assertThat(outbox.unacked()).isEqualTo(1);
        outbox.close();
        assertThatThrownBy(() -> outbox.send(trajectory(2, 8), 0))
                .isInstanceOf(TransportException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void shouldNameAReceiverThatAcknowledgesNothing() {
        Pair pair = pair(Way.IPC, "transport.ack_timeout = 300 ms");
        Station learner = pair.there().open("learner", null);
        learner.receive(Stream.TRAJECTORIES, delivery -> {});
        Outbox outbox = pair.sender().outbox(learner.address(), Stream.TRAJECTORIES);
        Queue<TransportException> failures = new ConcurrentLinkedQueue<>();
        outbox.onFailure(failures::add);
        outbox.send(trajectory(0, 8), 0);
        Await.until("the failure's report", () -> !failures.isEmpty());
        assertThat(failures.peek()).hasMessageContaining("acknowledges nothing").hasMessageContaining("'learner'");
    }
}
