package dev.troupe.cluster;

import akka.actor.Address;
import akka.actor.CoordinatedShutdown;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.Behavior;
import akka.actor.typed.Props;
import akka.actor.typed.SpawnProtocol;
import akka.actor.typed.javadsl.AskPattern;
import akka.cluster.Member;
import akka.cluster.MemberStatus;
import akka.cluster.typed.Cluster;
import akka.cluster.typed.Join;
import akka.cluster.typed.JoinSeedNodes;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValueFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One process's place in the cluster: an actor system that joined, or began, a cluster over Artery TCP. A run in one
 * JVM uses the same on an ephemeral loopback port.
 */
public final class ClusterNode implements AutoCloseable {
    private static final String SYSTEM = "troupe";
    private static final Duration SPAWN_DEADLINE = Duration.ofSeconds(20);

    private static final class Leaving implements CoordinatedShutdown.Reason {
        @Override
        public String toString() {
            return "left";
        }
    }

    private final ClusterSettings settings;
    private final String name;
    private final ActorSystem<SpawnProtocol.Command> system;
    private final Cluster cluster;

    private ClusterNode(ClusterSettings settings, String name, ActorSystem<SpawnProtocol.Command> system) {
        this.settings = settings;
        this.name = name;
        this.system = system;
        this.cluster = Cluster.get(system);
    }

    /**
     * Starts the node and begins to join; {@link #awaitUp} waits for the end of it.
     *
     * @param name of the node, unique in a run; it shows in messages and files
     * @param roles what runs on it: "learner", "rollout", ...
     * @throws ClusterException when the port is taken or an address is not allowed
     */
    public static ClusterNode start(ClusterSettings settings, String name, Set<String> roles) {
        requireFree(settings);
        ActorSystem<SpawnProtocol.Command> system;
        try {
            system = ActorSystem.create(SpawnProtocol.create(), SYSTEM, akkaConfig(settings, roles));
        } catch (RuntimeException e) {
            throw new ClusterException(
                    "node " + name + " could not listen on " + settings.host() + ":" + settings.port() + ": "
                            + e.getMessage(),
                    e);
        } catch (IllegalAccessError e) {
            throw new ClusterException(
                    "node " + name
                            + " needs java with --add-opens java.base/jdk.internal.misc=ALL-UNNAMED (the launcher"
                            + " sets it)",
                    e);
        }
        ClusterNode node = new ClusterNode(settings, name, system);
        if (settings.join().isEmpty()) {
            node.cluster.manager().tell(Join.create(node.cluster.selfMember().address()));
        } else {
            List<Address> seeds = new ArrayList<>();
            for (String seed : settings.join()) {
                seeds.add(new Address("akka", SYSTEM, ClusterSettings.hostOf(seed), ClusterSettings.portOf(seed)));
            }
            node.cluster.manager().tell(new JoinSeedNodes(seeds));
        }
        return node;
    }

    /** What Akka is told; package-private so that a test can read the failure detector's times. */
    static Config akkaConfig(ClusterSettings s, Set<String> roles) {
        Map<String, Object> ours = new HashMap<>();
        ours.put("akka.remote.artery.canonical.hostname", s.host());
        ours.put("akka.remote.artery.canonical.port", s.port());
        ours.put("akka.cluster.failure-detector.heartbeat-interval", millis(s.heartbeatInterval()));
        ours.put("akka.cluster.failure-detector.expected-response-after", millis(s.heartbeatInterval()));
        ours.put("akka.cluster.failure-detector.acceptable-heartbeat-pause", millis(s.acceptablePause()));
        ours.put("akka.cluster.split-brain-resolver.stable-after", millis(s.stableAfter()));
        ClassLoader loader = ClusterNode.class.getClassLoader();
        return ConfigFactory.parseMap(ours, "cluster settings")
                .withValue(
                        "akka.cluster.roles",
                        ConfigValueFactory.fromIterable(roles.stream().sorted().toList()))
                .withFallback(ConfigFactory.parseResources(loader, "troupe/akka.conf"))
                .withFallback(ConfigFactory.defaultReference(loader))
                .resolve();
    }

    private static String millis(Duration d) {
        return d.toMillis() + "ms";
    }

    /**
     * Tries the settings' port. Asked before Akka starts, because a failed bind leaves half an actor system and a page
     * of log behind.
     *
     * @throws ClusterException when another process listens there
     */
    public static void requireFree(ClusterSettings settings) {
        if (settings.port() == 0) {
            return;
        }
        String host = settings.host();
        int port = settings.port();
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(InetAddress.getByName(host), port));
        } catch (IOException e) {
            throw new ClusterException(
                    "cluster.port = " + port + " on " + host + " cannot be used (" + e.getMessage()
                            + "): another process listens there; set cluster.port to another port, or to 0 for any",
                    e);
        }
    }

    /** The actor system, for ask patterns and the receptionist. */
    public ActorSystem<SpawnProtocol.Command> system() {
        return system;
    }

    public String name() {
        return name;
    }

    /** HOST:PORT for the next node's cluster.join. */
    public String address() {
        Address self = cluster.selfMember().address();
        return self.getHost().get() + ":" + self.getPort().get();
    }

    /**
     * Starts an actor.
     *
     * @param actorName unique on this node
     * @throws ClusterException when the node is down
     */
    public <T> ActorRef<T> spawn(Behavior<T> behavior, String actorName) {
        CompletionStage<ActorRef<T>> asked = AskPattern.ask(
                system,
                replyTo -> new SpawnProtocol.Spawn<>(behavior, actorName, Props.empty(), replyTo),
                SPAWN_DEADLINE,
                system.scheduler());
        try {
            return await(asked, SPAWN_DEADLINE, "actor " + actorName + " to start");
        } catch (ClusterException e) {
            if (CoordinatedShutdown.get(system.classicSystem())
                    .getShutdownReason()
                    .isEmpty()) {
                throw e;
            }
            throw new ClusterException(
                    "node " + name + " is no longer part of the cluster (" + reason() + "): actor " + actorName
                            + " cannot start. The others put out whoever is silent for longer than"
                            + " cluster.acceptable_pause = "
                            + settings.acceptablePause().toMillis() + " ms",
                    e);
        }
    }

    /** Whether another node that is up, or comes up, has this role. */
    public boolean hasOtherMember(String role) {
        for (Member member : cluster.state().getMembers()) {
            if (member.hasRole(role)
                    && !member.uniqueAddress().equals(cluster.selfMember().uniqueAddress())) {
                return true;
            }
        }
        return false;
    }

    /** Waits with the settings' deadline. */
    public ClusterNode awaitUp() {
        return awaitUp(settings.joinDeadline());
    }

    /**
     * Waits until the node is a full member.
     *
     * @return this node
     * @throws ClusterException saying what it waited for, when the deadline passes or the node is turned away
     */
    public ClusterNode awaitUp(Duration deadline) {
        CountDownLatch up = new CountDownLatch(1);
        akka.cluster.Cluster.get(system.classicSystem()).registerOnMemberUp(up::countDown);
        try {
            if (up.await(deadline.toMillis(), TimeUnit.MILLISECONDS)) {
                return this;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClusterException("interrupted while node " + name + " waited to join", e);
        }
        MemberStatus status = cluster.selfMember().status();
        String what = settings.join().isEmpty()
                ? "its own cluster to form"
                : "the cluster at " + String.join(", ", settings.join()) + " (cluster.join) to let it in";
        throw new ClusterException("node " + name + " at " + address() + " waited " + deadline.toMillis() + " ms for "
                + what + " and is still " + status + "; is a learner running there?");
    }

    /** Completes when the node is no longer part of the cluster, with the reason: "left", or why it was put out. */
    public CompletionStage<String> terminated() {
        return system.getWhenTerminated().thenApply(done -> reason());
    }

    private String reason() {
        return CoordinatedShutdown.get(system.classicSystem())
                .getShutdownReason()
                .map(Object::toString)
                .orElse("terminated");
    }

    /**
     * Leaves the cluster in order and stops every actor; does nothing when that already happened.
     *
     * @throws ClusterException when it takes longer than the deadline
     */
    public void leave(Duration deadline) {
        CoordinatedShutdown.get(system.classicSystem()).runAll(new Leaving());
        await(system.getWhenTerminated(), deadline, "node to leave the cluster");
    }

    @Override
    public void close() {
        leave(settings.leaveDeadline());
    }

    private <T> T await(CompletionStage<T> stage, Duration deadline, String what) {
        try {
            return stage.toCompletableFuture().get(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new ClusterException("node " + name + " waited " + deadline.toMillis() + " ms for " + what, e);
        } catch (ExecutionException e) {
            throw new ClusterException("node " + name + " waited for " + what + ", which failed: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClusterException("node " + name + " was interrupted while it waited for " + what, e);
        }
    }
}
