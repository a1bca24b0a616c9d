package dev.troupe.learner.assembly;

import akka.actor.typed.ActorRef;
import dev.troupe.cluster.protocol.AeronAddress;
import dev.troupe.cluster.protocol.ScorerCommand;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The actors of one kind that can score, and how much each has to do. */
final class Replicas {

    /** One actor and where it listens. */
    static final class Replica {
        final AeronAddress address;
        int open;

        Replica(AeronAddress address) {
            this.address = address;
        }

        String node() {
            return address.node();
        }
    }

    private final Map<ActorRef<ScorerCommand>, Optional<Replica>> actors = new LinkedHashMap<>();

    /**
     * Takes the receptionist's present list.
     *
     * @return the actors seen for the first time, to be asked where they listen
     */
    List<ActorRef<ScorerCommand>> newcomers(Set<ActorRef<ScorerCommand>> listed) {
        List<ActorRef<ScorerCommand>> newcomers = new ArrayList<>();
        for (ActorRef<ScorerCommand> actor : listed) {
            if (!actors.containsKey(actor)) {
                actors.put(actor, Optional.empty());
                newcomers.add(actor);
            }
        }
        return newcomers;
    }

    /** Forgets the actors that are no longer listed; returns those that could score. */
    List<Replica> gone(Set<ActorRef<ScorerCommand>> listed) {
        List<Replica> gone = new ArrayList<>();
        actors.entrySet().removeIf(e -> {
            if (listed.contains(e.getKey())) {
                return false;
            }
            e.getValue().ifPresent(gone::add);
            return true;
        });
        return gone;
    }

    /** The actor listens here now. */
    void listens(ActorRef<ScorerCommand> actor, AeronAddress address) {
        actors.computeIfPresent(actor, (a, before) -> Optional.of(new Replica(address)));
    }

    boolean knows(ActorRef<ScorerCommand> actor) {
        return actors.containsKey(actor);
    }

    /** The one with the fewest open requests. */
    Optional<Replica> leastBusy() {
        Replica best = null;
        for (Optional<Replica> r : actors.values()) {
            if (r.isPresent() && (best == null || r.get().open < best.open)) {
                best = r.get();
            }
        }
        return Optional.ofNullable(best);
    }
}
