package dev.troupe.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import akka.actor.typed.ActorRef;
import akka.actor.typed.javadsl.Behaviors;
import akka.actor.typed.receptionist.Receptionist;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.cluster.protocol.RolloutCommand;
import dev.troupe.cluster.protocol.ServiceKeys;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClusterNodeTest {
    private static final ClusterSettings SETTINGS = ClusterSettings.from(ConfigFactory.empty());

    @Test
    void aNodeWithoutSeedFormsItsOwnClusterAndLeavesIt() throws Exception {
        ClusterNode node = ClusterNode.start(SETTINGS, "only", Set.of("learner"));
        node.awaitUp(Duration.ofSeconds(60));
        assertThat(node.address()).matches("127\\.0\\.0\\.1:[1-9][0-9]*");
        node.leave(Duration.ofSeconds(60));
        assertThat(node.terminated().toCompletableFuture().get(60, TimeUnit.SECONDS))
                .isEqualTo("left");
        assertThatThrownBy(() -> node.spawn(Behaviors.empty(), "late"))
                .isInstanceOf(ClusterException.class)
                .hasMessageContaining("node only is no longer part of the cluster (left): actor late cannot start")
                .hasMessageContaining("cluster.acceptable_pause = 8000 ms");
        node.close();
    }

    @Test
    void membersOnTwoLoopbackAddressesFindEachOtherAndTalk() throws Exception {
        try (ClusterNode learner = ClusterNode.start(SETTINGS, "learner", Set.of("learner"))
                        .awaitUp();
                ClusterNode rollout = ClusterNode.start(
                                SETTINGS.at("127.0.0.2", 0).joining(learner.address()), "rollout", Set.of("rollout"))
                        .awaitUp()) {
            assertThat(rollout.address()).startsWith("127.0.0.2:");
            CompletableFuture<RolloutCommand> heard = new CompletableFuture<>();
            ActorRef<RolloutCommand> actor = rollout.spawn(
                    Behaviors.receive(RolloutCommand.class)
                            .onAnyMessage(m -> {
                                heard.complete(m);
                                return Behaviors.same();
                            })
                            .build(),
                    "actor");
            rollout.system().receptionist().tell(Receptionist.register(ServiceKeys.ROLLOUT, actor));
            learner.spawn(
                    Behaviors.<Receptionist.Listing>setup(context -> {
                        context.getSystem()
                                .receptionist()
                                .tell(Receptionist.subscribe(ServiceKeys.ROLLOUT, context.getSelf()));
                        return Behaviors.receive(Receptionist.Listing.class)
                                .onMessage(Receptionist.Listing.class, listing -> {
                                    listing.getServiceInstances(ServiceKeys.ROLLOUT)
                                            .forEach(r -> r.tell(new RolloutCommand.Drain("over the wire")));
                                    return Behaviors.same();
                                })
                                .build();
                    }),
                    "finder");
            assertThat(heard.get(60, TimeUnit.SECONDS)).isEqualTo(new RolloutCommand.Drain("over the wire"));
        }
    }

    @Test
    void aPortInUseIsNamed() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            assertThatThrownBy(() -> ClusterNode.start(
                            SETTINGS.at("127.0.0.1", taken.getLocalPort()), "late", Set.of("learner")))
                    .isInstanceOf(ClusterException.class)
                    .hasMessageContaining("cluster.port = " + taken.getLocalPort())
                    .hasMessageContaining("another process listens there");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "10.1.2.3", "192.168.0.7"})
    void anythingButLoopbackIsRefused(String host) {
        assertThatThrownBy(() -> ClusterSettings.from(ConfigFactory.parseString("cluster.host=\"" + host + "\"")))
                .hasMessageContaining("cluster.host = " + host)
                .hasMessageContaining("until mutual TLS exists");
        assertThatThrownBy(() -> SETTINGS.joining(host + ":2552")).hasMessageContaining("cluster.join = " + host);
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:x"})
    void aSeedThatIsNoHostAndPortIsRefused(String seed) {
        assertThatThrownBy(() -> SETTINGS.joining(seed))
                .isInstanceOf(ClusterException.class)
                .hasMessageContaining("cluster.join = " + seed);
    }

    @Test
    void joiningNobodySaysWhatItWaitedFor() throws Exception {
        int free;
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            free = probe.getLocalPort();
        }
        try (ClusterNode node = ClusterNode.start(SETTINGS.joining("127.0.0.1:" + free), "lonely", Set.of("rollout"))) {
            assertThatThrownBy(() -> node.awaitUp(Duration.ofMillis(300)))
                    .isInstanceOf(ClusterException.class)
                    .hasMessageContaining("node lonely")
                    .hasMessageContaining("127.0.0.1:" + free)
                    .hasMessageContaining("is a learner running there?");
        }
    }

    @Test
    void theDetectorHasTheSettingsTimes() {
        Config config = ClusterNode.akkaConfig(
                ClusterSettings.from(ConfigFactory.parseString(
                        "cluster { heartbeat_interval = 123ms, acceptable_pause = 4567ms, stable_after = 89s }")),
                Set.of("b", "a"));
        assertThat(config.getDuration("akka.cluster.failure-detector.heartbeat-interval"))
                .hasMillis(123);
        assertThat(config.getDuration("akka.cluster.failure-detector.acceptable-heartbeat-pause"))
                .hasMillis(4567);
        assertThat(config.getDuration("akka.cluster.split-brain-resolver.stable-after"))
                .hasSeconds(89);
        assertThat(config.getStringList("akka.cluster.roles")).containsExactly("a", "b");
        assertThat(config.getBoolean("akka.actor.allow-java-serialization")).isFalse();
        assertThat(SETTINGS.acceptablePause().plus(SETTINGS.stableAfter()))
                .isBetween(Duration.ofSeconds(5), Duration.ofSeconds(10));
    }
}
