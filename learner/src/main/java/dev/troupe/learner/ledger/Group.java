package dev.troupe.learner.ledger;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** What is trained together or not at all: the samples of one draw, or a single trajectory. */
final class Group {
    /** The one that is due first comes first. */
    static final Comparator<Group> OLDEST_FIRST =
            Comparator.comparingLong(Group::firstVersion).thenComparingLong(g -> g.number);

    final long number;
    final List<Member> members;

    Group(long number, List<Member> members) {
        this.number = number;
        this.members = List.copyOf(members);
    }

    /** The members that were not dropped. */
    List<Member> remaining() {
        return members.stream().filter(m -> m.state != Member.State.DROPPED).toList();
    }

    /** Some member was dropped. */
    boolean shortened() {
        return remaining().size() < members.size();
    }

    /** Nothing is waited for. */
    boolean ready() {
        return remaining().stream().allMatch(m -> m.state == Member.State.READY);
    }

    /** Lowest version a first token of the remaining members can come from: the group is due eta versions later. */
    long firstVersion() {
        return remaining().stream().mapToLong(m -> m.firstVersion).min().orElse(Long.MAX_VALUE);
    }

    /** Nothing in it is better than anything else. Rewards are compared as they are: rules give exact numbers. */
    boolean equalRewards() {
        List<Member> all = remaining();
        return IntStream.range(1, all.size()).allMatch(i -> all.get(i).reward == all.get(0).reward);
    }
}
