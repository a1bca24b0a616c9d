package dev.troupe.learner.ledger;

import dev.troupe.experience.TrajectoryId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One trajectory of an open {@link Group}. */
final class Member {
    enum State {
        RUNNING,
        FINISHED,
        READY,
        DROPPED
    }

    final TrajectoryId id;
    /** Nodes at which its lease ran out, in order. */
    final List<String> lostAt = new ArrayList<>();

    int attempt;
    State state = State.RUNNING;
    /** Lowest version its first token can come from; Long.MAX_VALUE while nobody holds its lease. */
    long firstVersion = Long.MAX_VALUE;

    float reward;

    @Nullable
    String node;

    long incarnation;
    long expiresAtMs;

    Member(TrajectoryId id) {
        this.id = id;
    }

    boolean leased() {
        return state == State.RUNNING && node != null;
    }

    /** It arrived, and may still be trained. */
    boolean held() {
        return state == State.FINISHED || state == State.READY;
    }

    void lease(String to, long itsIncarnation, long version, long untilMs) {
        attempt++;
        node = to;
        incarnation = itsIncarnation;
        firstVersion = version;
        expiresAtMs = untilMs;
    }

    void unlease() {
        node = null;
        firstVersion = Long.MAX_VALUE;
    }

    void arrive(long version) {
        state = State.FINISHED;
        node = null;
        firstVersion = version;
    }

    /** Where it is, for whoever waits for it. */
    String whereabouts() {
        return id + (state == State.FINISHED ? " at its scorers" : node == null ? " to be issued" : " at " + node);
    }
}
