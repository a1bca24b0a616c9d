package dev.troupe.learner.ledger;

import akka.actor.typed.ActorRef;
import dev.troupe.cluster.protocol.LedgerCommand;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.experience.ScoredTrajectory;
import dev.troupe.learner.experience.Scores;
import dev.troupe.proto.v1.Trajectory;
import java.util.List;
import java.util.Optional;

/** What the ledger hears from the learner's own actors; these messages never leave the JVM. */
public final class LedgerMessages {

    /**
     * A trajectory came off the wire.
     *
     * @param held acknowledges it to its sender; called once the ledger holds it, or needs no copy of it
     */
    public record Arrived(Trajectory trajectory, Acknowledge held) implements LedgerCommand {}

    /** Tells the sender of a trajectory that it may forget it. */
    @FunctionalInterface
    public interface Acknowledge {
        /**
         * @param epoch of the learner
         * @param position up to which the experience log holds everything
         */
        void held(long epoch, long position);
    }

    /** All scores of a trajectory are there. */
    public record Scored(TrajectoryId id, Scores scores) implements LedgerCommand {}

    /** A trajectory got no score: it is given up. */
    public record Unscored(TrajectoryId id, String reason) implements LedgerCommand {}

    /** The learner wants its next batch and gets it once there is one, or hears that there will be none. */
    public record NextBatch(ActorRef<Offer> replyTo) implements LedgerCommand {}

    /** What the learner gets for its request. */
    public sealed interface Offer permits Batch, Hopeless {}

    /**
     * The trajectories of a step with their scores, in ascending order of id: B, or fewer where groups lost members.
     */
    public record Batch(List<ScoredTrajectory> trajectories) implements Offer {}

    /** Waiting for a batch makes no sense: too many in a row got no score or had equal rewards; says why. */
    public record Hopeless(String reason) implements Offer {}

    /** The batch made a version. */
    public record Trained(List<TrajectoryId> ids) implements LedgerCommand {}

    /** The batch was not trained: its update was skipped. */
    public record Skipped(List<TrajectoryId> ids, String reason) implements LedgerCommand {}

    /** A version's weights have this fingerprint; trajectories of others are refused. */
    public record Published(long version, String fingerprint) implements LedgerCommand {}

    /** What does the ledger say? */
    public record Ask(ActorRef<State> replyTo) implements LedgerCommand {}

    /**
     * @param groups what became of groups; empty where trajectories are trained one by one
     * @param awaited a few of the trajectories that are waited for, and where they are
     * @param rollouts live rollout nodes
     * @param refused trajectories whose weights were never published
     */
    public record State(
            LedgerCounts counts,
            Optional<GroupCounts> groups,
            LedgerSnapshot snapshot,
            List<String> awaited,
            List<String> rollouts,
            long refused) {}

    /** The run is over: the ledger stops, so that rollouts that leave now are no loss to anybody. */
    public record Over() implements LedgerCommand {}

    private LedgerMessages() {}
}
