package dev.troupe.learner.weights;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.WeightsCommand;
import dev.troupe.cluster.protocol.WeightsCommand.ChunksMissing;
import dev.troupe.cluster.protocol.WeightsCommand.Subscribe;
import dev.troupe.cluster.protocol.WeightsCommand.VersionLive;
import dev.troupe.cluster.protocol.WeightsEvent;
import dev.troupe.cluster.protocol.WeightsEvent.VersionAnnounced;
import dev.troupe.proto.TensorSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends each version's bytes over Aeron to everyone who subscribed to its set, fingerprints it while they travel, and
 * then announces it over Akka; sends pieces again that did not arrive. Generation never waits for it.
 */
public final class WeightsPublisher extends AbstractBehavior<WeightsCommand> {

    /** The learner made a version; sets by name. Never leaves the JVM. */
    public record Publish(long version, Map<String, TensorSet> sets, long madeAtMicros) implements WeightsCommand {}

    private record SubscriberGone(String set, ActorRef<WeightsEvent> subscriber) implements WeightsCommand {}

    /** The Aeron side of publishing. */
    public interface Sender {
        /** Keeps the version for sending. */
        void keep(String set, long version, TensorSet tensors);

        /** What is announced of a version that is kept; counts its fingerprint. */
        VersionAnnounced announcement(String set, long version);

        /** Sends chunks without waiting for their delivery; the last may be beyond those there are. */
        void send(AeronAddress to, String set, long version, int first, int last);

        /** The subscriber is gone: nothing more is to be sent there. */
        void gone(AeronAddress subscriber);
    }

    private record Subscriber(ActorRef<WeightsEvent> actor, AeronAddress address) {}

    private static final Logger LOG = LoggerFactory.getLogger(WeightsPublisher.class);

    private final Sender sender;
    private final PublishTimes times;
    private final Consumer<VersionAnnounced> first;
    private final Map<String, Map<ActorRef<WeightsEvent>, Subscriber>> subscribers = new HashMap<>();
    private final Map<String, VersionAnnounced> current = new HashMap<>();

    /**
     * A publisher without any version yet.
     *
     * @param first hears of every version before any subscriber does
     */
    public static Behavior<WeightsCommand> create(Sender sender, PublishTimes times, Consumer<VersionAnnounced> first) {
        return Behaviors.setup(context -> new WeightsPublisher(context, sender, times, first));
    }

    private WeightsPublisher(
            ActorContext<WeightsCommand> context, Sender sender, PublishTimes times, Consumer<VersionAnnounced> first) {
        super(context);
        this.sender = sender;
        this.times = times;
        this.first = first;
    }

    @Override
    public Receive<WeightsCommand> createReceive() {
        return newReceiveBuilder()
                .onMessage(Publish.class, this::onPublish)
                .onMessage(Subscribe.class, this::onSubscribe)
                .onMessage(SubscriberGone.class, this::onGone)
                .onMessage(ChunksMissing.class, this::onMissing)
                .onMessage(VersionLive.class, this::onLive)
                .build();
    }

    private Behavior<WeightsCommand> onPublish(Publish publish) {
        times.made(publish.version, publish.madeAtMicros);
        publish.sets.forEach((set, tensors) -> {
            Collection<Subscriber> all = subscribers.getOrDefault(set, Map.of()).values();
            sender.keep(set, publish.version, tensors);
            all.forEach(s -> send(s, set, publish.version));
            VersionAnnounced announced = sender.announcement(set, publish.version);
            first.accept(announced);
            current.put(set, announced);
            all.forEach(s -> s.actor.tell(announced));
        });
        return this;
    }

    private Behavior<WeightsCommand> onSubscribe(Subscribe subscribe) {
        Subscriber subscriber = new Subscriber(subscribe.subscriber(), subscribe.to());
        Subscriber before = subscribers
                .computeIfAbsent(subscribe.set(), s -> new LinkedHashMap<>())
                .put(subscribe.subscriber(), subscriber);
        if (before == null) {
            getContext().watchWith(subscribe.subscriber(), new SubscriberGone(subscribe.set(), subscribe.subscriber()));
        }
        VersionAnnounced announced = current.get(subscribe.set());
        if (announced != null) {
            subscriber.actor.tell(announced);
            send(subscriber, announced.set(), announced.version());
        }
        return this;
    }

    private Behavior<WeightsCommand> onGone(SubscriberGone gone) {
        Subscriber known = Objects.requireNonNull(subscribers.get(gone.set)).remove(gone.subscriber);
        if (known != null) {
            sender.gone(known.address);
        }
        return this;
    }

    private void send(Subscriber subscriber, String set, long version) {
        sender.send(subscriber.address, set, version, 0, Integer.MAX_VALUE);
    }

    private Behavior<WeightsCommand> onMissing(ChunksMissing missing) {
        VersionAnnounced announced = current.get(missing.set());
        if (announced == null || announced.version() != missing.version()) {
            // A newer one is on its way to them already.
            return this;
        }
        LOG.info(
                "{} misses {} pieces of {} version {}",
                missing.to().node(),
                missing.ranges().size(),
                missing.set(),
                missing.version());
        List<WeightsCommand.ChunkRange> ranges = missing.ranges();
        for (WeightsCommand.ChunkRange r : ranges) {
            sender.send(missing.to(), missing.set(), missing.version(), r.first(), r.last());
        }
        return this;
    }

    private Behavior<WeightsCommand> onLive(VersionLive live) {
        times.live(live.set(), live.version(), live.node(), live.liveAtMicros());
        return this;
    }
}
