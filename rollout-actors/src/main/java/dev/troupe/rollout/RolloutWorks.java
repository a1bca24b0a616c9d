package dev.troupe.rollout;

import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.Lease;
import dev.troupe.proto.v1.LeaseGrant;
import dev.troupe.transport.Delivery;
import dev.troupe.transport.Station;
import dev.troupe.transport.Stream;
import dev.troupe.transport.TransportException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What a rollout actor owns that is no actor: station, journal, sender and decoding thread, joined to each other. */
final class RolloutWorks implements AutoCloseable {

    private final RolloutSetup setup;
    private final Station station;
    private final RolloutJournal journal;
    private final TrajectorySender sender;
    private final DecodeLoop loop;

    private RolloutWorks(RolloutSetup setup, Station station, RolloutJournal journal, DecodeLoop.Listener listener) {
        this.setup = setup;
        this.station = station;
        this.journal = journal;
        this.sender = new TrajectorySender(station, journal, setup.node());
        // Completions are sent on the decoding thread: when the way to the ledger is full, generation waits.
        this.loop = DecodeLoop.start(setup, listener, sender::send);
        station.receive(Stream.LEASES, this::onLeases);
    }

    static RolloutWorks start(RolloutSetup setup, DecodeLoop.Listener listener) {
        RolloutJournal journal = RolloutJournal.open(setup.journals(), setup.node());
        try {
            return new RolloutWorks(setup, setup.aeron().open(setup.node(), setup.udp()), journal, listener);
        } catch (TransportException e) {
            journal.close();
            throw e;
        }
    }

    private void onLeases(Delivery delivery) {
        long now = System.nanoTime();
        List<SampleRequest> requests = ((LeaseGrant) delivery.body())
                .getLeasesList().stream().map(lease -> request(lease, now)).toList();
        sender.ledgerAt(delivery.envelope().getProducer());
        loop.lease(requests);
        delivery.ack(0, 0);
    }

    private SampleRequest request(Lease lease, long nowNanos) {
        return new SampleRequest(
                TrajectoryId.of(lease.getId()),
                lease.getAttempt(),
                lease.getSeed(),
                Tensors.ints(lease.getPromptIds()),
                setup.settings().maxNewTokens(),
                nowNanos + TimeUnit.MILLISECONDS.toNanos(lease.getDeadlineMs()),
                lease.hasCompletionIds() ? Tensors.ints(lease.getCompletionIds()) : new int[0]);
    }

    /** A feed of weights on a station of its own. */
    WeightsFeed openFeed(int number, WeightsFeed.Listener listener) {
        InetSocketAddress udp = setup.udp();
        InetSocketAddress any = udp == null ? null : new InetSocketAddress(udp.getAddress(), 0);
        return new WeightsFeed(setup.aeron().open(setup.node() + "/weights-" + number, any), listener);
    }

    AeronAddress address() {
        return AeronAddress.of(station.address());
    }

    long incarnation() {
        return station.incarnation();
    }

    TrajectorySender sender() {
        return sender;
    }

    DecodeLoop loop() {
        return loop;
    }

    /** Runs something that waits, off the dispatcher. */
    void onThread(String what, Runnable task) {
        Thread thread = new Thread(task, "rollout-" + setup.node() + "-" + what);
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() {
        loop.stop();
        // Before the thread, which may be waiting for room in an outbox.
        station.close();
        loop.close();
        journal.close();
    }
}
