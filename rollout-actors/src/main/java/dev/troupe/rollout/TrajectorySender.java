package dev.troupe.rollout;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.proto.Tensors;
import dev.troupe.proto.v1.Address;
import dev.troupe.proto.v1.Trajectory;
import dev.troupe.transport.Outbox;
import dev.troupe.transport.Station;
import dev.troupe.transport.Stream;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Sends trajectories to the ledger that grants the leases and keeps each until that ledger holds it. */
final class TrajectorySender {
    private record Sent(TrajectoryId id, int attempt) {}

    private record Ack(long epoch, long position) {}

    /** What is under way to one ledger. An acknowledgement can be faster than the return of the send. */
    private final class Way {
        final Address to;
        final Outbox outbox;
        private final Map<Long, Sent> sent = new HashMap<>();
        private final Map<Long, Ack> early = new HashMap<>();

        Way(Address to) {
            this.to = to;
            this.outbox = station.outbox(to, Stream.TRAJECTORIES);
            outbox.onAcked(this::acked);
        }

        void send(Trajectory trajectory, Sent what, long version) {
            long sequence = outbox.send(trajectory, version);
            synchronized (this) {
                Ack ack = early.remove(sequence);
                if (ack == null) {
                    sent.put(sequence, what);
                } else {
                    journal.acked(what.id, what.attempt, sequence, ack.epoch, ack.position);
                }
            }
        }

        private synchronized void acked(long sequence, long epoch, long position) {
            Sent what = sent.remove(sequence);
            if (what == null) {
                early.put(sequence, new Ack(epoch, position));
            } else {
                journal.acked(what.id, what.attempt, sequence, epoch, position);
                notifyAll();
            }
        }

        /** Waits for the acknowledgements and for their lines in the journal. */
        synchronized boolean awaitAcked(long endNanos) throws InterruptedException {
            while (!sent.isEmpty()) {
                long left = endNanos - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
            return true;
        }
    }

    private final Station station;
    private final RolloutJournal journal;
    private final String node;
    private final List<Way> ways = new CopyOnWriteArrayList<>();
    private volatile @Nullable Way current;

    TrajectorySender(Station station, RolloutJournal journal, String node) {
        this.station = station;
        this.journal = journal;
        this.node = node;
    }

    /** Trajectories go to whoever granted the last lease. */
    synchronized void ledgerAt(Address address) {
        Way way = current;
        if (way != null && way.to.equals(address)) {
            return;
        }
        way = ways.stream().filter(w -> w.to.equals(address)).findFirst().orElse(null);
        if (way == null) {
            way = new Way(address);
            ways.add(way);
        }
        current = way;
    }

    /** Notes the completion and sends it; waits while the outbox is full, which is what holds generation back. */
    void send(Completion c) {
        Way way = current;
        if (way == null) {
            throw new IllegalStateException("completion " + c.request().id() + " finished before any lease came");
        }
        journal.finished(c);
        way.send(message(c), new Sent(c.request().id(), c.request().attempt()), c.versions()[c.versions().length - 1]);
    }

    private Trajectory message(Completion c) {
        SampleRequest r = c.request();
        return Trajectory.newBuilder()
                .setId(r.id().message())
                .setAttempt(r.attempt())
                .setPromptIds(Tensors.ofInts(r.prompt()))
                .setCompletionIds(Tensors.ofInts(c.ids()))
                .setBehaviourLogprobs(Tensors.ofFloats(c.logprobs()))
                .setKeptMass(Tensors.ofFloats(c.keptMass()))
                .setVersions(Tensors.ofLongs(c.versions()))
                .setFinishReason(c.finishReason())
                .setSeed(r.seed())
                .addAllWeightsFingerprint(c.weightsFingerprint())
                .setNode(node)
                .setSampledAtUs(Tensors.ofLongs(c.sampledAtMicros()))
                .setGiven(r.given().length > 0)
                .build();
    }

    /** Trajectories that no ledger has acknowledged yet. */
    int unacked() {
        return ways.stream().mapToInt(w -> w.outbox.unacked()).sum();
    }

    /** Waits for all acknowledgements; false when the deadline passed first. */
    boolean awaitAcked(Duration deadline) throws InterruptedException {
        long end = System.nanoTime() + deadline.toNanos();
        for (Way way : ways) {
            if (!way.awaitAcked(end)) {
                return false;
            }
        }
        return true;
    }
}
