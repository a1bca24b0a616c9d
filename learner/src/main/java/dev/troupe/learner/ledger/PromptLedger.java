package dev.troupe.learner.ledger;

import dev.troupe.experience.TrajectoryId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Knows the state of every trajectory of a run and is its staleness gate. Not thread-safe: one actor owns it.
 *
 * <pre>
 *   (new) --grant--> RUNNING --finish--> FINISHED --scored--> READY --trained--> gone, counted
 *                    ^     |lease lost       \________ dropped ______________/
 *                    +-----+ (issued again: same id, next attempt, counted once; dropped after the last attempt)
 * </pre>
 *
 * <p><b>Groups.</b> A group is what is trained together or not at all: the k samples of a draw where the algorithm asks
 * for that ({@link GroupRules}), else a single trajectory. A step trains P groups. A group is drawn whole: its members
 * that nobody has a lease on yet count as running. A member that is dropped leaves its group short; a short group keeps
 * its place among the P. Once nothing of it is waited for it is trained if it has enough members, else it is dropped
 * whole, and its place becomes free for another draw. So is one whose rewards are all equal, if the algorithm filters.
 *
 * <p><b>Staleness.</b> A trajectory whose first token comes from version w must be trained at learner version
 * {@code w + eta} or before; a group is <i>due</i> when the first of its remaining members is. Let V be the learner's
 * version. Two rules keep, for every version d >= V, at most {@code (d - V + 1) * P} open groups due by d:
 *
 * <ul>
 *   <li><i>admission</i>: a rollout with live version w gets a lease only while, its group included,
 *       {@code trained + open <= (eta + w + 1) * P} groups (AReaL's formula, taken at the version the rollout really
 *       samples with). That is, all open groups together, {@code open <= (w + eta - V + 1) * P}, satisfy the bound at
 *       the only version at which the lease can make one more group due, w + eta, and at all later ones;
 *   <li><i>selection</i>: a batch is the P ready groups that are due first, and is taken only when what stays behind
 *       still satisfies the bound at V + 1; otherwise the learner waits for the straggler, which its own deadline ends.
 * </ul>
 *
 * A group whose members were sampled by different versions is due with the oldest; a member that is lost, dropped or
 * starts later than its lease allowed can only make it due later. With d = V the bound says that at most P groups are
 * due now, and selection takes those first: nothing is ever too stale to train, nothing is discarded for its age, and
 * long answers are not starved. Nor does it stop: once all P or more open groups are ready, the P that are due first
 * satisfy the selection rule, because either all that are due by d are among them, or P of at most (d - V + 1) * P.
 *
 * <p><b>Repeatability.</b> With eta = 0 the timing of messages decides nothing: places that become free within a step
 * are filled together, when everything open is ready, and a snapshot is of the step's beginning, so that the whole step
 * is done again on resume.
 */
public final class PromptLedger {

    /** A trajectory to sample: its id and how often it has been issued, this time included. */
    public record Grant(TrajectoryId id, int attempt) {}

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

    /**
     * What became of leases that ran out.
     *
     * @param again how many will be issued again
     * @param givenUp those that have run out too often, and what was dropped with them
     */
    public record Lost(int again, List<GivenUp> givenUp) {}

    /** A trajectory whose lease ran out so often is dropped: it may be what kills its rollouts. */
    static final int MOST_LOSSES = 5;
    /** After so many steps' worth of groups with equal rewards in a row another draw is no hope. */
    static final int MOST_FILTERED_STEPS = 10;

    private final int eta;
    private final long steps;
    private final GroupRules rules;
    private final int groupSize;
    /** P. */
    private final int groupsAStep;

    private final OpenGroups open;
    private final Deque<Member> toLease = new ArrayDeque<>();
    private final Leases leases = new Leases();
    /** Members that run. */
    private long running;

    private long version;
    private long trained;
    private long dropped;
    private long filtered;
    private long shortened;
    private long completed;
    private long filteredInARow;
    private String lastFiltered = "";
    /** With eta = 0 groups are drawn up to here before everything open must be ready. */
    private long drawnTogether;

    private LedgerSnapshot stepBegin;

    /**
     * @param batch trajectories a step (B)
     * @param samplesPerPrompt completions drawn from each prompt
     * @param eta largest staleness allowed
     * @param steps steps of the run: no more is issued than they need
     */
    public PromptLedger(int batch, int samplesPerPrompt, int eta, long steps, GroupRules rules) {
        if (batch < 1 || samplesPerPrompt < 1 || eta < 0 || batch % samplesPerPrompt != 0) {
            throw new IllegalArgumentException("a ledger needs batch >= 1, a multiple of the samples a prompt >= 1, and"
                    + " eta >= 0, not batch " + batch + ", samples " + samplesPerPrompt + ", eta " + eta);
        }
        if (rules.leastMembers() > samplesPerPrompt) {
            throw new IllegalArgumentException("num_generations = " + samplesPerPrompt + ": the algorithm compares the"
                    + " completions of a prompt and needs at least " + rules.leastMembers());
        }
        this.eta = eta;
        this.steps = steps;
        this.rules = rules;
        this.groupSize = rules.wholeGroups() ? samplesPerPrompt : 1;
        this.groupsAStep = batch / groupSize;
        this.open = new OpenGroups(samplesPerPrompt, groupSize);
        this.stepBegin = now();
    }

    /**
     * Continues from a checkpoint: what was outstanding then is issued again.
     *
     * @throws IllegalArgumentException if the checkpoint was made with groups of another size
     */
    public static PromptLedger restore(
            int batch, int samplesPerPrompt, int eta, long steps, GroupRules rules, LedgerSnapshot snapshot) {
        PromptLedger ledger = new PromptLedger(batch, samplesPerPrompt, eta, steps, rules);
        ledger.version = snapshot.version();
        ledger.trained = snapshot.trained();
        ledger.dropped = snapshot.dropped();
        ledger.filtered = snapshot.filtered();
        ledger.shortened = snapshot.shortened();
        ledger.open.restore(
                snapshot.issued(),
                snapshot.outstanding().stream().map(PromptLedger::restored).toList());
        ledger.open.all().forEach(g -> ledger.toLease.addAll(g.remaining()));
        ledger.running = ledger.toLease.size();
        ledger.drawnTogether = ledger.open.drawn();
        ledger.stepBegin = snapshot;
        ledger.counts();
        return ledger;
    }

    private static Member restored(LedgerSnapshot.Outstanding o) {
        Member member = new Member(new TrajectoryId(o.draw(), o.sample()));
        member.attempt = o.attempt();
        member.lostAt.addAll(o.lostAt());
        member.state = o.dropped() ? Member.State.DROPPED : Member.State.RUNNING;
        return member;
    }

    /** Everything a checkpoint must hold of the ledger. */
    public LedgerSnapshot snapshot() {
        return eta == 0 ? stepBegin : now();
    }

    private LedgerSnapshot now() {
        List<LedgerSnapshot.Outstanding> members = open.members()
                .map(m -> new LedgerSnapshot.Outstanding(
                        m.id.draw(), m.id.sample(), m.attempt, m.lostAt, m.state == Member.State.DROPPED))
                .toList();
        return new LedgerSnapshot(version, open.issued(), trained, dropped, filtered, shortened, members);
    }

    /**
     * Grants leases to a rollout.
     *
     * @param capacity leases the rollout can hold at once
     * @param liveVersion version it starts with what it is granted now
     * @param expiresAtMs when a lease counts as lost, on the caller's clock
     * @return the trajectories it may sample now, none if it is full or the gate is shut
     */
    public List<Grant> grant(String node, long incarnation, int capacity, long liveVersion, long expiresAtMs) {
        int held = leases.count(node, incarnation);
        List<Grant> grants = new ArrayList<>();
        while (held + grants.size() < capacity) {
            Member member = next(liveVersion);
            if (member == null) {
                break;
            }
            member.lease(node, incarnation, liveVersion, expiresAtMs);
            leases.add(member);
            grants.add(new Grant(member.id, member.attempt));
        }
        return grants;
    }

    private @Nullable Member next(long liveVersion) {
        long bound = (eta + Math.min(liveVersion, version) + 1) * groupsAStep;
        if (!toLease.isEmpty()) {
            // Its group has its place already and needs no free one, only a version that is fresh enough.
            return admitted() <= bound ? toLease.remove() : null;
        }
        if (admitted() >= Math.min(bound, steps * groupsAStep) || !mayDraw()) {
            return null;
        }
        toLease.addAll(open.draw().members);
        running += groupSize;
        return toLease.remove();
    }

    /** Groups that are trained or hold a place, in the number of their places: a short group takes a whole one. */
    private long admitted() {
        return version * groupsAStep + open.size();
    }

    private boolean mayDraw() {
        if (eta > 0 || open.drawn() < drawnTogether) {
            return true;
        }
        if (!open.all().stream().allMatch(Group::ready)) {
            return false;
        }
        drawnTogether = open.drawn() + groupsAStep - open.size();
        return true;
    }

    private Member held(TrajectoryId id, String what) {
        Member member = open.member(id);
        if (member == null || !member.held()) {
            throw new IllegalStateException("trajectory " + id + " is " + what + " but not held");
        }
        return member;
    }

    /**
     * A trajectory arrived.
     *
     * @param firstVersion version that sampled its first token
     */
    public Arrival finish(TrajectoryId id, long firstVersion) {
        Member member = open.member(id);
        if (member == null) {
            return open.issued(id) ? Arrival.DUPLICATE : Arrival.UNKNOWN;
        }
        if (member.state != Member.State.RUNNING) {
            return Arrival.DUPLICATE;
        }
        boolean freshEnough = member.leased()
                ? firstVersion >= member.firstVersion
                : admitted() <= (eta + firstVersion + 1) * groupsAStep;
        if (!freshEnough) {
            return Arrival.SUPERSEDED;
        }
        toLease.remove(member);
        leases.remove(member);
        member.arrive(firstVersion);
        running--;
        return Arrival.ACCEPTED;
    }

    /**
     * All scores of a finished trajectory are there: it may be trained, unless its group is filtered.
     *
     * @return what was filtered
     */
    public List<GivenUp> scored(TrajectoryId id, float reward) {
        Member member = held(id, "scored");
        member.state = Member.State.READY;
        member.reward = reward;
        List<GivenUp> givenUp = new ArrayList<>();
        settle(open.groupOf(member), givenUp);
        return givenUp;
    }

    /**
     * Gives held trajectories up.
     *
     * @return these, and what else of their groups is dropped with them
     */
    public List<GivenUp> dropped(Collection<TrajectoryId> ids, String reason) {
        List<GivenUp> givenUp = new ArrayList<>();
        Set<Group> touched = new LinkedHashSet<>();
        for (TrajectoryId id : ids) {
            Member member = held(id, "dropped");
            touched.add(open.groupOf(member));
            drop(member, reason, false, givenUp);
        }
        touched.forEach(g -> settle(g, givenUp));
        return givenUp;
    }

    private void drop(Member member, String reason, boolean isFiltered, List<GivenUp> givenUp) {
        running -= member.state == Member.State.RUNNING ? 1 : 0;
        member.state = Member.State.DROPPED;
        dropped++;
        givenUp.add(new GivenUp(member.id, reason, isFiltered));
    }

    /** Once nothing of a group is waited for: drops it if it cannot be trained or need not be. */
    private void settle(Group group, List<GivenUp> givenUp) {
        if (!group.ready()) {
            return;
        }
        List<Member> remaining = group.remaining();
        if (remaining.size() < rules.leastMembers()) {
            String why = "its group has " + remaining.size() + " of " + groupSize + " members left and needs "
                    + rules.leastMembers();
            close(group, why, false, givenUp);
            return;
        }
        completed++;
        filteredInARow = rules.filterEqual() && group.equalRewards() ? filteredInARow + 1 : 0;
        if (filteredInARow > 0) {
            filtered++;
            lastFiltered =
                    "all " + remaining.size() + " rewards of draw " + group.number + " are " + remaining.get(0).reward;
            close(group, lastFiltered, true, givenUp);
        }
    }

    private void close(Group group, String reason, boolean isFiltered, List<GivenUp> givenUp) {
        group.remaining().forEach(m -> drop(m, reason, isFiltered, givenUp));
        open.remove(group);
    }

    /**
     * The batch to train next, oldest first, in ascending order of id.
     *
     * @return empty while too few are ready, or while an older one must be waited for
     */
    public Optional<List<TrajectoryId>> nextBatch() {
        List<Group> ready = open.all().stream()
                .filter(Group::ready)
                .sorted(Group.OLDEST_FIRST)
                .limit(groupsAStep)
                .toList();
        if (ready.size() < groupsAStep) {
            return Optional.empty();
        }
        for (long due = version; due < version + eta; due++) {
            long limit = due - eta;
            long waiting = count(open.all(), g -> g.firstVersion() <= limit);
            long taken = count(ready, g -> g.firstVersion() <= limit);
            if (waiting - taken > (due - version) * groupsAStep) {
                return Optional.empty();
            }
        }
        return Optional.of(ready.stream()
                .flatMap(g -> g.remaining().stream())
                .map(m -> m.id)
                .sorted()
                .toList());
    }

    private static long count(Collection<Group> groups, Predicate<Group> condition) {
        return groups.stream().filter(condition).count();
    }

    /** The batch was trained and made the next version. */
    public void trained(Collection<TrajectoryId> ids) {
        Set<Group> groups = new LinkedHashSet<>();
        for (TrajectoryId id : ids) {
            groups.add(open.groupOf(held(id, "trained")));
        }
        for (Group group : groups) {
            if (!group.ready()
                    || !ids.containsAll(
                            group.remaining().stream().map(m -> m.id).toList())) {
                throw new IllegalStateException("the group of draw "
                        + group.members.get(0).id.draw() + " was trained without all of its members");
            }
            shortened += group.shortened() ? 1 : 0;
            open.remove(group);
        }
        trained += ids.size();
        version++;
        if (eta == 0) {
            stepBegin = now();
        }
    }

    /** A rollout is gone: its leases are issued again. */
    public Lost lost(String node, long incarnation) {
        return runOut(leases.of(node, incarnation));
    }

    /** Leases past their time are issued again. */
    public Lost expire(long nowMs) {
        return runOut(leases.expired(nowMs));
    }

    private Lost runOut(List<Member> lost) {
        List<GivenUp> givenUp = new ArrayList<>();
        int again = 0;
        for (Member m : lost) {
            m.lostAt.add(String.valueOf(m.node));
            leases.remove(m);
            m.unlease();
            if (m.lostAt.size() < MOST_LOSSES) {
                toLease.add(m);
                again++;
            } else {
                drop(m, "its lease ran out " + m.lostAt.size() + " times, at " + m.lostAt, false, givenUp);
                settle(open.groupOf(m), givenUp);
            }
        }
        return new Lost(again, givenUp);
    }

    /**
     * A rollout gave leases back that it had not started: no fault of the trajectories.
     *
     * @return how many
     */
    public int returned(String node, long incarnation, Collection<TrajectoryId> ids) {
        List<Member> back = leases.of(node, incarnation).stream()
                .filter(m -> ids.contains(m.id))
                .toList();
        back.forEach(leases::remove);
        back.forEach(Member::unlease);
        toLease.addAll(back);
        return back.size();
    }

    /** The learner's version: the number of batches trained. */
    public long version() {
        return version;
    }

    /** Every step of the run is trained. */
    public boolean complete() {
        return version >= steps;
    }

    /** Nothing is being sampled, and without staleness nothing will be before what is held has its scores. */
    public boolean quiet() {
        return running == 0 && (eta > 0 || open.drawn() == drawnTogether);
    }

    /** Groups whose remaining members all got their scores, filtered ones included. */
    public long completed() {
        return completed;
    }

    /** Why another prompt is no hope any more: too many groups in a row had equal rewards. */
    public Optional<String> hopeless() {
        return filteredInARow <= (long) MOST_FILTERED_STEPS * groupsAStep
                ? Optional.empty()
                : Optional.of(
                        filteredInARow + " groups in a row had equal rewards and were filtered (dynamic_sampling);"
                                + " of the last one " + lastFiltered
                                + ". The policy finds these prompts all too easy or all too"
                                + " hard, or its samples do not differ: take other prompts, a higher temperature, or"
                                + " dynamic_sampling = false");
    }

    /** Trajectories that run or are scored and that the learner waits for, with the node that holds each. */
    public List<String> awaited(int most) {
        return open.members()
                .filter(m -> m.state == Member.State.RUNNING || m.state == Member.State.FINISHED)
                .limit(most)
                .map(Member::whereabouts)
                .toList();
    }

    /** See {@link LedgerCounts}. */
    public LedgerCounts counts() {
        long finished = open.members().filter(Member::held).count();
        return new LedgerCounts(open.issued(), running, finished, trained, dropped);
    }

    /** See {@link GroupCounts}; empty where trajectories are trained one by one. */
    public Optional<GroupCounts> groups() {
        return rules.wholeGroups() ? Optional.of(new GroupCounts(filtered, shortened)) : Optional.empty();
    }
}
