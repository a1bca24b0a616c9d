package dev.troupe.rollout;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.protocol.LedgerCommand;
import dev.troupe.cluster.protocol.LedgerCommand.WorkRequest;
import dev.troupe.cluster.protocol.ServiceKeys;
import dev.troupe.cluster.protocol.WeightsCommand;
import dev.troupe.cluster.protocol.WeightsEvent.VersionAnnounced;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.Lease;
import dev.troupe.proto.v1.LeaseGrant;
import dev.troupe.proto.v1.Trajectory;
import dev.troupe.transport.AeronNode;
import dev.troupe.transport.ChunkRange;
import dev.troupe.transport.Delivery;
import dev.troupe.transport.Station;
import dev.troupe.transport.Stream;
import dev.troupe.transport.WeightsAnnouncement;
import dev.troupe.transport.WeightsSource;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** Plays the learner's ledger and publisher by hand, over the real cluster and the real transport. */
final class PlayedLearner {
    final BlockingQueue<LedgerCommand> toLedger = new LinkedBlockingQueue<>();
    final BlockingQueue<WeightsCommand> toPublisher = new LinkedBlockingQueue<>();
    final BlockingQueue<Delivery> trajectories = new LinkedBlockingQueue<>();
    private final Station station;
    private final WeightsSource source;

    PlayedLearner(ClusterNode cluster, AeronNode aeron, String name) {
        station = aeron.open(name, null);
        source = new WeightsSource(station);
        station.receive(Stream.TRAJECTORIES, trajectories::add);
        ActorRef<LedgerCommand> ledger = cluster.spawn(
                Behaviors.receive(LedgerCommand.class)
                        .onAnyMessage(m -> {
                            toLedger.add(m);
                            return Behaviors.same();
                        })
                        .build(),
                name + "-ledger");
        ActorRef<WeightsCommand> publisher = cluster.spawn(
                Behaviors.receive(WeightsCommand.class)
                        .onAnyMessage(m -> {
                            toPublisher.add(m);
                            return Behaviors.same();
                        })
                        .build(),
                name + "-publisher");
        cluster.system().receptionist().tell(Receptionist.register(ServiceKeys.LEDGER, ledger));
        cluster.system().receptionist().tell(Receptionist.register(ServiceKeys.WEIGHTS, publisher));
    }

    /** Announces a version and sends its chunks from this one on. */
    void publish(WeightsCommand.Subscribe to, long version, TensorSet weights, int firstChunk) {
        source.publish("policy", version, weights);
        WeightsAnnouncement a = source.announcement("policy", version);
        to.subscriber().tell(new VersionAnnounced(a.set(), a.version(), a.fingerprint(), a.bytes(), a.chunks()));
        if (firstChunk < a.chunks()) {
            source.send(to.to().wire(), "policy", version, List.of(new ChunkRange(firstChunk, a.chunks() - 1)));
        }
    }

    /** Announces a version under another fingerprint than its own. */
    void publishAs(WeightsCommand.Subscribe to, long version, TensorSet weights, String fingerprint) {
        source.publish("policy", version, weights);
        WeightsAnnouncement a = source.announcement("policy", version);
        to.subscriber().tell(new VersionAnnounced(a.set(), a.version(), fingerprint, a.bytes(), a.chunks()));
        source.send(to.to().wire(), "policy", version);
    }

    void send(WeightsCommand.ChunksMissing missing) {
        source.send(
                missing.to().wire(),
                missing.set(),
                missing.version(),
                missing.ranges().stream()
                        .map(r -> new ChunkRange(r.first(), r.last()))
                        .toList());
    }

    void lease(WorkRequest to, long seed, int[] prompt, TrajectoryId... ids) {
        LeaseGrant.Builder grant = LeaseGrant.newBuilder();
        for (TrajectoryId id : ids) {
            grant.addLeases(Lease.newBuilder()
                    .setId(id.message())
                    .setAttempt(1)
                    .setSeed(seed)
                    .setDeadlineMs(600_000)
                    .setPromptIds(Tensors.ofInts(prompt)));
        }
        station.outbox(to.address().wire(), Stream.LEASES).send(grant.build(), to.liveVersion());
    }

    WorkRequest workRequest(Predicate<WorkRequest> which) throws InterruptedException {
        return next(toLedger, WorkRequest.class, which);
    }

    /** The next message of a kind, past others. */
    static <T> T next(BlockingQueue<? super T> queue, Class<T> type, Predicate<T> which) throws InterruptedException {
        while (true) {
            Object message = queue.poll(60, TimeUnit.SECONDS);
            if (message == null) {
                throw new AssertionError("no " + type.getSimpleName() + " came within 60 s");
            }
            if (type.isInstance(message) && which.test(type.cast(message))) {
                return type.cast(message);
            }
        }
    }

    Delivery trajectory() throws InterruptedException {
        return next(trajectories, Delivery.class, d -> true);
    }

    static Trajectory body(Delivery delivery) {
        return (Trajectory) delivery.body();
    }
}
