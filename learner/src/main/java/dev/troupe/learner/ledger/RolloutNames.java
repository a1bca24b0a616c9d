package dev.troupe.learner.ledger;

import java.util.HashMap;
import java.util.Map;

/**
 * Who may ask for work under a rollout's name: the first that did, until it is known to be gone. Not thread-safe: one
 * actor owns it.
 *
 * <p>Another that asks under the name meanwhile is either the next start of a rollout that was killed, whose end the
 * cluster takes seconds to notice, or a second live one. The first must wait and must not be turned away, the second
 * must be. What tells them apart is a request of the owner that comes after the other's: who asks is alive.
 */
final class RolloutNames {

    /** What a request for work under a name comes to. */
    enum Claim {
        /** The name was free and belongs to whoever asks from now on. */
        GIVEN,
        /** The name belongs to whoever asks. */
        OWN,
        /** The name belongs to another, who may be dead: heard for the first time. */
        SECOND,
        /** As {@link #SECOND}, heard again. */
        WAITS,
        /** The name belongs to another, who is alive: said for the first time. */
        TAKEN,
        /** As {@link #TAKEN}, said again. */
        STILL_TAKEN
    }

    /** @param others incarnations that asked under the owner's name, with the answer to the next request of each */
    private record Name(long owner, Map<Long, Claim> others) {}

    private final Map<String, Name> names = new HashMap<>();

    /** This incarnation asks for work under this name. */
    Claim ask(String node, long incarnation) {
        Name name = names.get(node);
        if (name == null) {
            names.put(node, new Name(incarnation, new HashMap<>()));
            return Claim.GIVEN;
        }
        if (name.owner == incarnation) {
            name.others.replaceAll((other, next) -> next == Claim.WAITS ? Claim.TAKEN : next);
            return Claim.OWN;
        }
        Claim now = name.others.getOrDefault(incarnation, Claim.SECOND);
        boolean unsure = now == Claim.SECOND || now == Claim.WAITS;
        name.others.put(incarnation, unsure ? Claim.WAITS : Claim.STILL_TAKEN);
        return now;
    }

    /**
     * This incarnation is gone; if the name was its own, whoever asks next gets it.
     *
     * @return whether it was
     */
    boolean gone(String node, long incarnation) {
        Name name = names.get(node);
        if (name == null) {
            return false;
        }
        name.others.remove(incarnation);
        if (name.owner != incarnation) {
            return false;
        }
        names.remove(node);
        return true;
    }
}
