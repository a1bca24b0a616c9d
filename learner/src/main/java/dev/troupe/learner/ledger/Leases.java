package dev.troupe.learner.ledger;

import dev.troupe.experience.TrajectoryId;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Who holds which leases: a rollout's are found without a look at everything that is open. */
final class Leases {
    private record Holder(@Nullable String node, long incarnation) {}

    private final Map<Holder, SortedMap<TrajectoryId, Member>> held = new HashMap<>();

    /** A member was leased. */
    void add(Member member) {
        held.computeIfAbsent(holder(member), h -> new TreeMap<>()).put(member.id, member);
    }

    /** A member's lease, if it has one, is about to end. */
    void remove(Member member) {
        held.computeIfPresent(holder(member), (h, its) -> {
            its.remove(member.id);
            return its.isEmpty() ? null : its;
        });
    }

    private static Holder holder(Member member) {
        return new Holder(member.node, member.incarnation);
    }

    /** How many a rollout holds. */
    int count(String node, long incarnation) {
        return its(node, incarnation).size();
    }

    /** Those of a rollout in ascending order of id, a copy. */
    List<Member> of(String node, long incarnation) {
        return List.copyOf(its(node, incarnation));
    }

    private Collection<Member> its(String node, long incarnation) {
        return held.getOrDefault(new Holder(node, incarnation), new TreeMap<>()).values();
    }

    /** Those past their time, in ascending order of id, a copy. */
    List<Member> expired(long nowMs) {
        return held.values().stream()
                .flatMap(its -> its.values().stream())
                .filter(m -> m.expiresAtMs <= nowMs)
                .sorted(Comparator.comparing(m -> m.id))
                .toList();
    }
}
