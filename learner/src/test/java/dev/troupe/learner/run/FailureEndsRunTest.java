package dev.troupe.learner.run;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.testkit.typed.javadsl.ActorTestKit;
import akka.actor.typed.ActorRef;
import akka.actor.typed.Behavior;
import akka.actor.typed.javadsl.Behaviors;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FailureEndsRunTest {
    private final ActorTestKit kit = ActorTestKit.create();
    private final CompletableFuture<Throwable> told = new CompletableFuture<>();

    @AfterEach
    void shutDown() {
        kit.shutdownTestKit();
    }

    private ActorRef<String> around(Behavior<String> actor) {
        return kit.spawn(FailureEndsRun.of(String.class, actor, told::complete));
    }

    @Test
    void tellsWhatAMessageBrought() throws Exception {
        ActorRef<String> actor = around(Behaviors.receiveMessage(m -> {
            throw new IllegalStateException("no " + m);
        }));
        actor.tell("bread");
        assertThat(told.get(60, TimeUnit.SECONDS)).hasMessage("no bread");
    }

    @Test
    void tellsWhatTheStartBrought() throws Exception {
        around(Behaviors.setup(context -> {
            throw new IllegalStateException("no start");
        }));
        assertThat(told.get(60, TimeUnit.SECONDS)).hasMessage("no start");
    }
}
