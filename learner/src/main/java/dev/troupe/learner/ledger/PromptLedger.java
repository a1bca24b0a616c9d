package dev.troupe.learner.ledger;

import dev.troupe.cluster.protocol.TrajectoryRef;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Knows the state of every trajectory of a run and is its staleness gate. Not thread-safe: one actor owns it.
 *
 * <pre>
 *   (new) --grant--> RUNNING --finish--> FINISHED --scored--> READY --trained--> gone, counted
 *                    ^     |lease lost       \________ dropped ______________/
 *                    +-----+ (issued again: same id, next attempt, counted once)
 * </pre>
 *
 * <p><b>Staleness.</b> A trajectory whose first token comes from version w must be trained at learner version
 * {@code due = w + eta} or before. Let V be the learner's version, B the trajectories of a step. Two rules keep, for
 * every version d >= V, the number of outstanding trajectories due by d at most {@code (d - V + 1) * B}:
 *
 * <ul>
 *   <li><i>admission</i>: a rollout with live version w gets a lease only while
 *       {@code accepted + running < (eta + w + 1) * B}, accepted = finished + trained (AReaL's formula, taken at the
 *       version the rollout really samples with);
 *   <li><i>selection</i>: a batch is taken in order of due version, and only when what stays behind still satisfies
 *       the bound at V + 1; otherwise the learner waits for the straggler, which its own deadline ends.
 * </ul>
 *
 * So nothing is ever too stale to train, nothing is discarded, and long answers are not starved.
 */
public final class PromptLedger {

    /** A trajectory to sample: its id and how often it has been issued, this time included. */
    public record Grant(TrajectoryRef id, int attempt) {}

    /** What became of a trajectory that arrived. */
    public enum Arrival {
        /** Held: it will be scored and trained. */
        ACCEPTED,
        /** Held already, trained or dropped: acknowledge it and forget this copy. */
        DUPLICATE,
        /**
         * An earlier attempt came after its trajectory was issued again, too stale to take the place of the new one.
         */
        SUPERSEDED,
        /** This ledger never issued it. */
        UNKNOWN
    }

    private enum State {
        RUNNING,
        FINISHED,
        READY
    }

    private static final class Entry {
        final TrajectoryRef id;
        int attempt;
        State state = State.RUNNING;
        /** Lowest version its first token can come from; Long.MAX_VALUE while nobody holds its lease. */
        long firstVersion = Long.MAX_VALUE;

        @Nullable
        String node;

        long incarnation;
        long expiresAtMs;

        Entry(TrajectoryRef id) {
            this.id = id;
        }
    }

    private static final Comparator<Entry> OLDEST_FIRST =
            Comparator.<Entry>comparingLong(e -> e.firstVersion).thenComparing(e -> e.id);

    private final int batch;
    private final int samplesPerPrompt;
    private final int eta;
    private final long total;

    private final Map<TrajectoryRef, Entry> outstanding = new TreeMap<>();
    private final Deque<TrajectoryRef> again = new ArrayDeque<>();
    private long version;
    private long issued;
    private long trained;
    private long dropped;

    /**
     * @param batch trajectories a step (B)
     * @param samplesPerPrompt completions drawn from each prompt
     * @param eta largest staleness allowed
     * @param steps steps of the run: no more is issued than they need
     */
    public PromptLedger(int batch, int samplesPerPrompt, int eta, long steps) {
        if (batch < 1 || samplesPerPrompt < 1 || eta < 0 || batch % samplesPerPrompt != 0) {
            throw new IllegalArgumentException("a ledger needs batch >= 1, a multiple of the samples a prompt >= 1, and"
                    + " eta >= 0, not batch " + batch + ", samples " + samplesPerPrompt + ", eta " + eta);
        }
        this.batch = batch;
        this.samplesPerPrompt = samplesPerPrompt;
        this.eta = eta;
        this.total = steps * batch;
    }

    /** Continues from a checkpoint: what was outstanding then is issued again. */
    public static PromptLedger restore(int batch, int samplesPerPrompt, int eta, long steps, LedgerSnapshot snapshot) {
        PromptLedger ledger = new PromptLedger(batch, samplesPerPrompt, eta, steps);
        ledger.version = snapshot.version();
        ledger.issued = snapshot.issued();
        ledger.trained = snapshot.trained();
        ledger.dropped = snapshot.dropped();
        for (LedgerSnapshot.Outstanding o : snapshot.outstanding()) {
            Entry entry = new Entry(new TrajectoryRef(o.draw(), o.sample()));
            entry.attempt = o.attempt();
            ledger.outstanding.put(entry.id, entry);
            ledger.again.add(entry.id);
        }
        ledger.counts();
        return ledger;
    }

    /** Everything a checkpoint must hold of the ledger. */
    public LedgerSnapshot snapshot() {
        List<LedgerSnapshot.Outstanding> open = new ArrayList<>();
        for (Entry e : outstanding.values()) {
            open.add(new LedgerSnapshot.Outstanding(e.id.draw(), e.id.sample(), e.attempt));
        }
        return new LedgerSnapshot(version, issued, trained, dropped, open);
    }

    /**
     * Grants leases to a rollout.
     *
     * @param capacity leases the rollout can hold at once
     * @param liveVersion version it samples with
     * @param expiresAtMs when a lease counts as lost, on the caller's clock
     * @return the trajectories it may sample now, none if it is full or the gate is shut
     */
    public List<Grant> grant(String node, long incarnation, int capacity, long liveVersion, long expiresAtMs) {
        long held = outstanding.values().stream()
                .filter(e -> e.state == State.RUNNING && node.equals(e.node) && e.incarnation == incarnation)
                .count();
        List<Grant> grants = new ArrayList<>();
        while (held + grants.size() < capacity) {
            Entry entry = next(liveVersion);
            if (entry == null) {
                break;
            }
            entry.attempt++;
            entry.node = node;
            entry.incarnation = incarnation;
            entry.firstVersion = liveVersion;
            entry.expiresAtMs = expiresAtMs;
            grants.add(new Grant(entry.id, entry.attempt));
        }
        return grants;
    }

    private @Nullable Entry next(long liveVersion) {
        long bound = Math.min((eta + Math.min(liveVersion, version) + 1) * batch, total);
        long admitted = trained + outstanding.size();
        if (!again.isEmpty()) {
            // Already counted among the admitted, so it needs no free place, only a version that is fresh enough.
            return admitted <= bound ? outstanding.get(again.remove()) : null;
        }
        if (admitted >= bound) {
            return null;
        }
        Entry entry = new Entry(new TrajectoryRef(issued / samplesPerPrompt, (int) (issued % samplesPerPrompt)));
        issued++;
        outstanding.put(entry.id, entry);
        return entry;
    }

    /**
     * A trajectory arrived.
     *
     * @param firstVersion version that sampled its first token
     */
    public Arrival finish(TrajectoryRef id, long firstVersion) {
        Entry entry = outstanding.get(id);
        if (entry == null) {
            return id.draw() * samplesPerPrompt + id.sample() < issued && id.sample() < samplesPerPrompt
                    ? Arrival.DUPLICATE
                    : Arrival.UNKNOWN;
        }
        if (entry.state != State.RUNNING) {
            return Arrival.DUPLICATE;
        }
        boolean leased = entry.node != null;
        boolean freshEnough = leased
                ? firstVersion >= entry.firstVersion
                : trained + outstanding.size() <= (eta + firstVersion + 1) * batch;
        if (!freshEnough) {
            return Arrival.SUPERSEDED;
        }
        again.remove(id);
        entry.state = State.FINISHED;
        entry.firstVersion = firstVersion;
        entry.node = null;
        return Arrival.ACCEPTED;
    }

    /** All scores of a finished trajectory are there: it may be trained. */
    public void scored(TrajectoryRef id) {
        Entry entry = outstanding.get(id);
        if (entry == null || entry.state == State.RUNNING) {
            throw new IllegalStateException("scores came for trajectory " + id + ", which is not held");
        }
        entry.state = State.READY;
    }

    /**
     * The batch to train next, oldest first, in ascending order of id.
     *
     * @return empty while too few are ready, or while an older one must be waited for
     */
    public Optional<List<TrajectoryRef>> nextBatch() {
        List<Entry> ready = outstanding.values().stream()
                .filter(e -> e.state == State.READY)
                .sorted(OLDEST_FIRST)
                .limit(batch)
                .toList();
        if (ready.size() < batch) {
            return Optional.empty();
        }
        for (long due = version; due < version + eta; due++) {
            long limit = due - eta;
            long open = count(outstanding.values(), e -> e.firstVersion <= limit);
            long taken = count(ready, e -> e.firstVersion <= limit);
            if (open - taken > (due - version) * batch) {
                return Optional.empty();
            }
        }
        return Optional.of(ready.stream().map(e -> e.id).sorted().toList());
    }

    private static long count(Collection<Entry> entries, Predicate<Entry> condition) {
        return entries.stream().filter(condition).count();
    }

    /** The batch was trained and made the next version. */
    public void trained(Collection<TrajectoryRef> ids) {
        for (TrajectoryRef id : ids) {
            Entry entry = outstanding.remove(id);
            if (entry == null || entry.state != State.READY) {
                throw new IllegalStateException("trajectory " + id + " was trained but not ready");
            }
        }
        trained += ids.size();
        version++;
    }

    /** Gives a held trajectory up; its place becomes free. */
    public void dropped(TrajectoryRef id) {
        Entry entry = outstanding.remove(id);
        if (entry == null || entry.state == State.RUNNING) {
            throw new IllegalStateException("trajectory " + id + " is dropped but not held");
        }
        dropped++;
    }

    /**
     * A rollout is gone: its leases are issued again.
     *
     * @return how many
     */
    public int lost(String node, long incarnation) {
        return giveBack(e -> node.equals(e.node) && e.incarnation == incarnation);
    }

    /** A rollout gave leases back that it had not started. */
    public int returned(String node, long incarnation, Collection<TrajectoryRef> ids) {
        return giveBack(e -> node.equals(e.node) && e.incarnation == incarnation && ids.contains(e.id));
    }

    /** Leases past their time are issued again. */
    public int expire(long nowMs) {
        return giveBack(e -> e.node != null && e.expiresAtMs <= nowMs);
    }

    private int giveBack(Predicate<Entry> which) {
        int n = 0;
        for (Entry e : outstanding.values()) {
            if (e.state == State.RUNNING && e.node != null && which.test(e)) {
                e.node = null;
                e.firstVersion = Long.MAX_VALUE;
                again.add(e.id);
                n++;
            }
        }
        return n;
    }

    /** The learner's version: the number of batches trained. */
    public long version() {
        return version;
    }

    /** Every trajectory of the run is accounted for. */
    public boolean complete() {
        return trained >= total;
    }

    /** Trajectories that run or are scored and that the learner waits for, with the node that holds each. */
    public List<String> awaited(int most) {
        return outstanding.values().stream()
                .filter(e -> e.state != State.READY)
                .limit(most)
                .map(e -> e.id
                        + (e.state == State.FINISHED
                                ? " at its scorers"
                                : e.node == null ? " to be issued" : " at " + e.node))
                .toList();
    }

    /** See {@link LedgerCounts}. */
    public LedgerCounts counts() {
        long running = count(outstanding.values(), e -> e.state == State.RUNNING);
        return new LedgerCounts(issued, running, outstanding.size() - running, trained, dropped);
    }
}
