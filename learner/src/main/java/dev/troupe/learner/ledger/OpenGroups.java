package dev.troupe.learner.ledger;

import dev.troupe.experience.TrajectoryId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The groups that were drawn and neither trained nor dropped. Trajectories are numbered in the order of drawing, draw
 * times samples a prompt plus sample; group n holds those from n times its size on.
 */
final class OpenGroups {
    private final int samplesPerPrompt;
    private final int groupSize;
    private final Map<Long, Group> open = new TreeMap<>();
    private long drawn;

    OpenGroups(int samplesPerPrompt, int groupSize) {
        this.samplesPerPrompt = samplesPerPrompt;
        this.groupSize = groupSize;
    }

    /** Opens the next group. */
    Group draw() {
        List<Member> members = new ArrayList<>();
        for (long place = drawn * groupSize; place < (drawn + 1) * groupSize; place++) {
            members.add(new Member(new TrajectoryId(place / samplesPerPrompt, (int) (place % samplesPerPrompt))));
        }
        Group group = new Group(drawn, members);
        open.put(drawn, group);
        drawn++;
        return group;
    }

    /**
     * Opens the groups of a checkpoint.
     *
     * @param issued trajectories drawn so far
     * @param members of all open groups
     * @throws IllegalArgumentException if they make no whole groups
     */
    void restore(long issued, Collection<Member> members) {
        drawn = issued / groupSize;
        Map<Long, List<Member>> groups = new TreeMap<>();
        members.forEach(m ->
                groups.computeIfAbsent(number(m.id), n -> new ArrayList<>()).add(m));
        if (issued % groupSize != 0 || groups.values().stream().anyMatch(g -> g.size() != groupSize)) {
            throw new IllegalArgumentException("the checkpoint's ledger is not one of groups of " + groupSize
                    + ": resume with the algorithm and the num_generations that the run began with");
        }
        groups.forEach((number, its) -> {
            its.sort(Comparator.comparing(m -> m.id));
            open.put(number, new Group(number, its));
        });
    }

    private long place(TrajectoryId id) {
        return id.draw() * samplesPerPrompt + id.sample();
    }

    private long number(TrajectoryId id) {
        return place(id) / groupSize;
    }

    /** Groups drawn so far, open or not. */
    long drawn() {
        return drawn;
    }

    /** Trajectories drawn so far. */
    long issued() {
        return drawn * groupSize;
    }

    boolean issued(TrajectoryId id) {
        return id.draw() >= 0 && id.sample() >= 0 && id.sample() < samplesPerPrompt && number(id) < drawn;
    }

    int size() {
        return open.size();
    }

    /** In the order of drawing. */
    Collection<Group> all() {
        return open.values();
    }

    /** Of all open groups, dropped ones included, in ascending order of id. */
    Stream<Member> members() {
        return open.values().stream().flatMap(g -> g.members.stream());
    }

    /** Null if its group is not open. */
    @Nullable
    Member member(TrajectoryId id) {
        Group group = issued(id) ? open.get(number(id)) : null;
        return group == null ? null : group.members.get((int) (place(id) % groupSize));
    }

    Group groupOf(Member member) {
        Group group = open.get(number(member.id));
        if (group == null) {
            throw new IllegalStateException("trajectory " + member.id + " belongs to no open group");
        }
        return group;
    }

    void remove(Group group) {
        open.remove(group.number);
    }
}
