package dev.troupe.deploy.run;

import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import dev.troupe.cluster.protocol.RunCommand;
import dev.troupe.cluster.protocol.RunCommand.DescribeRun;
import dev.troupe.cluster.protocol.RunCommand.RunDescription;
import dev.troupe.cluster.protocol.ServiceKeys;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells a node that joins which run this is, so that it needs nothing but the cluster's address. */
final class RunActor {
    private static final Logger LOG = LoggerFactory.getLogger(RunActor.class);

    private RunActor() {}

    /** An actor that answers with this description. */
    static Behavior<RunCommand> create(RunDescription description) {
        return Behaviors.setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(ServiceKeys.RUN, context.getSelf()));
            return Behaviors.receive(RunCommand.class)
                    .onMessage(DescribeRun.class, ask -> {
                        LOG.info("a {} node joins", ask.role());
                        ask.replyTo().tell(description);
                        return Behaviors.same();
                    })
                    .build();
        });
    }
}
