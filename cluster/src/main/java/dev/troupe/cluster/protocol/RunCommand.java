package dev.troupe.cluster.protocol;

import akka.actor.typed.ActorRef;

/** What the actor that knows the run understands: a node that joins needs nothing but the address of the cluster. */
public interface RunCommand {

    /** Which run is this? */
    record DescribeRun(String role, ActorRef<RunDescription> replyTo) implements RunCommand, Control {}

    /**
     * @param name of the run
     * @param folder absolute path of the run's folder
     * @param config the resolved settings as HOCON
     */
    record RunDescription(String name, String folder, String config) implements Control {}
}
