package dev.troupe.cluster.protocol;

/** What a rollout actor understands. */
public interface RolloutCommand {

    /** Take no further lease, finish what runs, wait for the acknowledgements, leave. */
    record Drain(String reason) implements RolloutCommand, Control {}

    /**
     * Another live rollout of the run has this one's name: leave, nothing was granted.
     *
     * @param reason names the node and says what to do
     */
    record NameTaken(String reason) implements RolloutCommand, Control {}

    /** The run is over: stop sampling and leave. */
    record RunEnded(String status) implements RolloutCommand, Control {}
}
