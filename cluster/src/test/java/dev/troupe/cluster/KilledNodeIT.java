package dev.troupe.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import akka.actor.typed.ActorRef;
import akka.actor.typed.Terminated;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import com.typesafe.config.ConfigFactory;
import dev.troupe.cluster.protocol.RolloutCommand;
import dev.troupe.cluster.protocol.ServiceKeys;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The learner outlives a rollout that is killed, of two nodes too, and hears of it. */
class KilledNodeIT {
    private static final ClusterSettings SETTINGS = ClusterSettings.from(ConfigFactory.empty());

    /** Runs in the JVM that is killed. */
    public static void main(String[] args) throws Exception {
        ClusterNode node = ClusterNode.start(SETTINGS.joining(args[0]), "victim", Set.of("rollout"));
        node.awaitUp();
        ActorRef<RolloutCommand> actor = node.spawn(Behaviors.ignore(), "victim");
        node.system().receptionist().tell(Receptionist.register(ServiceKeys.ROLLOUT, actor));
        node.terminated().toCompletableFuture().get(5, TimeUnit.MINUTES);
    }

    @Test
    void theLearnerHearsOfAKilledRolloutAndGoesOn() throws Exception {
        try (ClusterNode learner =
                ClusterNode.start(SETTINGS, "learner", Set.of("learner")).awaitUp()) {
            CompletableFuture<Boolean> found = new CompletableFuture<>();
            CompletableFuture<Boolean> lost = new CompletableFuture<>();
            learner.spawn(
                    Behaviors.<Receptionist.Listing>setup(context -> {
                        context.getSystem()
                                .receptionist()
                                .tell(Receptionist.subscribe(ServiceKeys.ROLLOUT, context.getSelf()));
                        return Behaviors.receive(Receptionist.Listing.class)
                                .onMessage(Receptionist.Listing.class, listing -> {
                                    for (var r : listing.getServiceInstances(ServiceKeys.ROLLOUT)) {
                                        context.watch(r);
                                        found.complete(true);
                                    }
                                    return Behaviors.same();
                                })
                                .onSignal(Terminated.class, t -> {
                                    lost.complete(true);
                                    return Behaviors.same();
                                })
                                .build();
                    }),
                    "watcher");
            Process victim = fork(learner.address());
            victim.onExit().thenRun(() -> found.complete(false));
            try {
                assertThat(found.get(2, TimeUnit.MINUTES)).isTrue();
                assertThat(lost).isNotDone();
            } finally {
                victim.destroyForcibly();
            }
            assertThat(lost.get(2, TimeUnit.MINUTES)).isTrue();
            assertThat(learner.terminated().toCompletableFuture()).isNotDone();
        }
    }

    private static Process fork(String seed) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                "-Xmx256m",
                "-cp"));
        command.add(System.getProperty("java.class.path"));
        command.add(KilledNodeIT.class.getName());
        command.add(seed);
        return new ProcessBuilder(command).inheritIO().start();
    }
}
