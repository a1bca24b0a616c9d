package dev.troupe.learner.run;

import akka.actor.typed.Behavior;
import akka.actor.typed.BehaviorInterceptor;
import akka.actor.typed.TypedActorContext;
import akka.actor.typed.javadsl.Behaviors;
import java.util.function.Consumer;

/**
 * Tells what an actor threw before the actor stops: without it, all who ask that actor would wait in vain. Around those
 * that a run cannot go on without.
 */
final class FailureEndsRun<T> extends BehaviorInterceptor<T, T> {
    private final Consumer<Throwable> failed;

    private FailureEndsRun(Class<T> messages, Consumer<Throwable> failed) {
        super(messages);
        this.failed = failed;
    }

    /** The actor, whose failure is told on its own thread. */
    static <T> Behavior<T> of(Class<T> messages, Behavior<T> actor, Consumer<Throwable> failed) {
        return Behaviors.intercept(() -> new FailureEndsRun<>(messages, failed), actor);
    }

    @Override
    public Behavior<T> aroundStart(TypedActorContext<T> context, PreStartTarget<T> target) {
        try {
            return target.start(context);
        } catch (RuntimeException | Error e) {
            failed.accept(e);
            throw e;
        }
    }

    @Override
    public Behavior<T> aroundReceive(TypedActorContext<T> context, T message, ReceiveTarget<T> target) {
        try {
            return target.apply(context, message);
        } catch (RuntimeException | Error e) {
            failed.accept(e);
            throw e;
        }
    }
}
