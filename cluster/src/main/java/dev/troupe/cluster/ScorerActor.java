package dev.troupe.cluster;

import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import dev.troupe.cluster.protocol.ScorerCommand;
import dev.troupe.cluster.protocol.ScorerCommand.Describe;
import dev.troupe.cluster.protocol.ScorerCommand.RunEnded;
import dev.troupe.cluster.protocol.ScorerCommand.ScorerDescription;

/**
 * The part of a scoring actor that is on Akka: it can be found, says where it listens, and hears that the run is over. The
 * batches themselves reach it over Aeron.
 */
public final class ScorerActor {
    private ScorerActor() {}

    /**
     * An actor that registers under the key once it starts.
     *
     * @param ended called when the run is over; the actor stops after it
     */
    public static Behavior<ScorerCommand> create(
            ServiceKey<ScorerCommand> key, ScorerDescription description, Runnable ended) {
        return Behaviors.setup(context -> {
            context.getSystem().receptionist().tell(Receptionist.register(key, context.getSelf()));
            return Behaviors.receive(ScorerCommand.class)
                    .onMessage(Describe.class, m -> {
                        m.replyTo().tell(description);
                        return Behaviors.same();
                    })
                    .onMessage(RunEnded.class, m -> {
                        ended.run();
                        return Behaviors.stopped();
                    })
                    .build();
        });
    }
}
