package dev.troupe.learner.run;

import akka.actor.typed.ActorRef;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.LedgerCommand;
import dev.troupe.cluster.protocol.WeightsEvent.VersionAnnounced;
import dev.troupe.learner.assembly.Assembler;
import dev.troupe.learner.ledger.LedgerActor;
import dev.troupe.learner.ledger.LedgerMessages;
import dev.troupe.learner.weights.WeightsPublisher;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.LeaseGrant;
import dev.troupe.proto.v1.ScoreAnswer;
import dev.troupe.proto.v1.ScoreRequest;
import dev.troupe.proto.v1.Trajectory;
import dev.troupe.transport.ChunkRange;
import dev.troupe.transport.Station;
import dev.troupe.transport.Stream;
import dev.troupe.transport.TransportException;
import dev.troupe.transport.WeightsAnnouncement;
import dev.troupe.transport.WeightsSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Joins the learner's actors to its Aeron station: what they send out, and who hears what comes in. */
public final class LearnerWire implements LedgerActor.LeaseSender, Assembler.RequestSender, WeightsPublisher.Sender {
    private static final Logger LOG = LoggerFactory.getLogger(LearnerWire.class);

    private final Station station;
    private final WeightsSource weights;
    private final long epoch;

    /** @param epoch of the learner, one for each of its starts */
    public LearnerWire(Station station, long epoch) {
        this.station = station;
        this.weights = new WeightsSource(station);
        this.epoch = epoch;
    }

    /** Opens the learner's inbound streams, once their actors are there. */
    public void listen(ActorRef<LedgerCommand> ledger, ActorRef<Assembler.Command> assembler) {
        station.receive(
                Stream.TRAJECTORIES, d -> ledger.tell(new LedgerMessages.Arrived((Trajectory) d.body(), d::ack)));
        station.receive(Stream.SCORE_ANSWERS, d -> {
            assembler.tell(new Assembler.Answered((ScoreAnswer) d.body()));
            d.ack(epoch, 0);
        });
    }

    @Override
    public void send(AeronAddress to, LeaseGrant grant, long policyVersion) {
        try {
            station.outbox(to.wire(), Stream.LEASES).send(grant, policyVersion);
        } catch (TransportException e) {
            // The leases expire and are issued again, elsewhere if this rollout stays away.
            LOG.error("{} leases could not be sent: {}", grant.getLeasesCount(), e.getMessage());
        }
    }

    @Override
    public void forget(AeronAddress rollout) {
        station.outbox(rollout.wire(), Stream.LEASES).close();
    }

    @Override
    public void dismiss(AeronAddress scorer) {
        station.outbox(scorer.wire(), Stream.SCORE_REQUESTS).close();
    }

    @Override
    public void send(AeronAddress to, ScoreRequest request, long policyVersion) {
        try {
            station.outbox(to.wire(), Stream.SCORE_REQUESTS).send(request, policyVersion);
        } catch (TransportException e) {
            // Past its deadline the request is sent again, elsewhere if there is another replica.
            LOG.error("request {} for scores could not be sent: {}", request.getRequest(), e.getMessage());
        }
    }

    @Override
    public void keep(String set, long version, TensorSet tensors) {
        weights.publish(set, version, tensors);
    }

    @Override
    public VersionAnnounced announcement(String set, long version) {
        WeightsAnnouncement a = weights.announcement(set, version);
        return new VersionAnnounced(a.set(), a.version(), a.fingerprint(), a.bytes(), a.chunks());
    }

    @Override
    public void send(AeronAddress to, String set, long version, int first, int last) {
        try {
            weights.send(to.wire(), set, version, List.of(new ChunkRange(first, last)));
        } catch (TransportException e) {
            // Whoever misses the chunks asks for them.
            LOG.error("weights {} version {} could not be sent: {}", set, version, e.getMessage());
        }
    }

    @Override
    public void gone(AeronAddress subscriber) {
        weights.forget(subscriber.wire());
    }
}
