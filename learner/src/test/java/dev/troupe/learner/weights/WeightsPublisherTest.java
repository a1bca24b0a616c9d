package dev.troupe.learner.weights;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.testkit.typed.javadsl.TestProbe;
import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.WeightsCommand;
import dev.troupe.cluster.protocol.WeightsCommand.Subscribe;
import dev.troupe.cluster.protocol.WeightsEvent;
import dev.troupe.cluster.protocol.WeightsEvent.VersionAnnounced;
import dev.troupe.learner.weights.WeightsPublisher.Publish;
import dev.troupe.proto.TensorSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** In which order a version goes out. */
class WeightsPublisherTest {
    private static final TensorSet NOTHING = TensorSet.of(Map.of());

    private final ActorTestKit kit = ActorTestKit.create("WeightsPublisherTest");
    private final List<String> done = new CopyOnWriteArrayList<>();

    private final class Recorder implements WeightsPublisher.Sender {
        @Override
        public void keep(String set, long version, TensorSet tensors) {
            done.add("keep " + set + " " + version);
        }

        @Override
        public VersionAnnounced announcement(String set, long version) {
            done.add("hash " + set + " " + version);
            return new VersionAnnounced(set, version, "hash", 0, 1);
        }

        @Override
        public void send(AeronAddress to, String set, long version, int first, int last) {
            done.add("send " + set + " " + version + " to " + to.node());
        }

        @Override
        public void gone(AeronAddress subscriber) {}
    }

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
    }

    /** A subscriber that notes when it is told. */
    private ActorRef<WeightsEvent> subscriber(String name, TestProbe<WeightsEvent> probe) {
        return kit.spawn(Behaviors.receiveMessage(event -> {
            done.add("tell " + name);
            probe.getRef().tell(event);
            return Behaviors.same();
        }));
    }

    @Test
    void aVersionIsOnItsWayBeforeItIsHashedAndNobodyIsToldOfItBeforeTheFirst() {
        ActorRef<WeightsCommand> publisher = kit.spawn(WeightsPublisher.create(
                new Recorder(), new PublishTimes(), announced -> done.add("first " + announced.set())));
        TestProbe<WeightsEvent> early = kit.createTestProbe();
        TestProbe<WeightsEvent> late = kit.createTestProbe();
        publisher.tell(new Subscribe("policy", new AeronAddress("early", "", 1), subscriber("early", early)));

        publisher.tell(new Publish(3, new TreeMap<>(Map.of("policy", NOTHING, "value", NOTHING)), 0));

        assertThat(early.expectMessageClass(VersionAnnounced.class).version()).isEqualTo(3);
        // A message of the publisher's own is done when the next one is: all of the first is noted.
        publisher.tell(new Subscribe("policy", new AeronAddress("late", "", 2), subscriber("late", late)));
        assertThat(late.expectMessageClass(VersionAnnounced.class).version()).isEqualTo(3);
        late.awaitAssert(() -> {
            assertThat(done).contains("send policy 3 to late");
            return true;
        });
        assertThat(done)
                .containsSubsequence("keep policy 3", "send policy 3 to early", "hash policy 3", "first policy")
                .containsSubsequence("first policy", "tell early")
                .containsSubsequence("first policy", "keep value 3", "hash value 3", "first value")
                .containsSubsequence("first value", "send policy 3 to late");
    }
}
