package dev.troupe.cluster;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.PostStop;
import akka.actor.typed.javadsl.AbstractBehavior;
import akka.actor.typed.javadsl.ActorContext;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.javadsl.Receive;
import akka.actor.typed.receptionist.Receptionist;
import akka.actor.typed.receptionist.ServiceKey;
import dev.troupe.cluster.protocol.ScorerCommand;
import dev.troupe.cluster.protocol.ScorerCommand.Describe;
import dev.troupe.cluster.protocol.ScorerCommand.RunEnded;
import dev.troupe.cluster.protocol.ScorerCommand.ScorerDescription;
import java.util.function.Consumer;

/**
 * What reference, reward and value actors have in common on Akka's side: they are found under their key, say where they
 * listen, and stop with the run. The batches travel past them, over Aeron.
 */
public final class ScorerActor extends AbstractBehavior<ScorerCommand> {
    private final ScorerDescription description;
    private final Consumer<String> ended;
    private String farewell = "stopped";

    /**
     * A scorer's actor.
     *
     * @param key under which it is found
     * @param ended hears the reason when the actor stops; whoever made it closes what it scores with
     */
    public static Behavior<ScorerCommand> create(
            ServiceKey<ScorerCommand> key, ScorerDescription description, Consumer<String> ended) {
        return Behaviors.setup(context -> {
            ActorRef<ScorerCommand> self = context.getSelf();
            context.getSystem().receptionist().tell(Receptionist.register(key, self));
            return new ScorerActor(context, description, ended);
        });
    }

    private ScorerActor(ActorContext<ScorerCommand> context, ScorerDescription description, Consumer<String> ended) {
        super(context);
        this.description = description;
        this.ended = ended;
    }

    @Override
    public Receive<ScorerCommand> createReceive() {
        return newReceiveBuilder()
                .onMessage(Describe.class, this::onDescribe)
                .onMessage(RunEnded.class, this::onRunEnded)
                .onSignal(PostStop.class, s -> onStopped())
                .build();
    }

    private Behavior<ScorerCommand> onDescribe(Describe describe) {
        describe.replyTo().tell(description);
        return this;
    }

    private Behavior<ScorerCommand> onRunEnded(RunEnded end) {
        farewell = "run ended: " + end.status();
        return Behaviors.stopped();
    }

    private Behavior<ScorerCommand> onStopped() {
        ended.accept(farewell);
        return this;
    }
}
