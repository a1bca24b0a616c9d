package dev.troupe.deploy.run;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import dev.troupe.cluster.protocol.RunCommand;
import java.time.Duration;

/**
 * Ends a node's role when the learner has left without a word: it failed before it could tell, or the node came too
 * late to be told.
 */
final class RunWatch {
    /** The word, if there was one, may be on its way still. */
    private static final Duration GRACE = Duration.ofSeconds(3);

    private sealed interface Event permits Gone, Late {}

    private record Gone() implements Event {}

    private record Late() implements Event {}

    private RunWatch() {}

    /** Watches this run's actor on behalf of this role. */
    static Behavior<Void> create(ActorRef<RunCommand> run, Role role) {
        return Behaviors.<Event>setup(context -> {
                    context.watchWith(run, new Gone());
                    return Behaviors.withTimers(timers -> Behaviors.receive(Event.class)
                            .onMessage(Gone.class, m -> {
                                timers.startSingleTimer(new Late(), GRACE);
                                return Behaviors.same();
                            })
                            .onMessage(Late.class, m -> {
                                role.ended()
                                        .completeExceptionally(new IllegalStateException(
                                                "the run's learner is gone; join again when it is back"));
                                return Behaviors.stopped();
                            })
                            .build());
                })
                .unsafeCast();
    }
}
