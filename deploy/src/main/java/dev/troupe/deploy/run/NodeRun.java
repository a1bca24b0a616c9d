package dev.troupe.deploy.run;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import akka.actor.typed.receptionist.Receptionist;
import com.typesafe.config.Config;
import dev.troupe.cluster.ClusterException;
import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.ClusterSettings;
import dev.troupe.cluster.protocol.RunCommand;
import dev.troupe.cluster.protocol.RunCommand.DescribeRun;
import dev.troupe.cluster.protocol.RunCommand.RunDescription;
import dev.troupe.cluster.protocol.ServiceKeys;
import dev.troupe.deploy.report.RunFolder;
import dev.troupe.deploy.settings.ResumedSettings;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.model.Libtorch;
import dev.troupe.model.ModelSettings;
import dev.troupe.train.checkpoint.Checkpoint;
import dev.troupe.transport.AeronNode;
import dev.troupe.transport.TransportSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One role of a run in this process. */
public final class NodeRun {
    private static final Logger LOG = LoggerFactory.getLogger(NodeRun.class);
    private static final Duration FIND_RUN = Duration.ofSeconds(60);
    private static final Duration ASK = Duration.ofSeconds(2);
    private static final long PAUSE_MILLIS = 100;

    private record Found(ActorRef<RunCommand> actor, RunDescription description) {}

    private NodeRun() {}

    /** Runs until done, failed or interrupted; the exit code. */
    public static int run(NodeRequest request) {
        return request.role().equals("learner") ? learner(request) : other(request);
    }

    private static int learner(NodeRequest request) {
        Path run = Objects.requireNonNull(request.run());
        RunFolder folder = RunFolder.open(run);
        Settings settings = request.resume()
                ? ResumedSettings.load(folder.config(), request.overrides())
                : Settings.load(folder.config().toString(), request.overrides());
        Preflight.requireSamples(settings.config());
        Checkpoint resumed = request.resume() ? Preflight.checkpoint(folder, settings.config()) : null;
        Libtorch.use(ModelSettings.from(settings.config()).device());
        String host = settings.config().getString("cluster.host");
        try (RunNode node = TrainRun.node(settings.config(), folder, "learner", request.join(), host)) {
            if (node.cluster().hasOtherMember("learner")) {
                throw new SettingsException("the cluster at " + request.join()
                        + " has a learner already: a run has one; start another run with its own cluster.port");
            }
            // Only now, so that a learner that is refused leaves no trace in the folder of the run.
            try (RunLock held = RunLock.of(folder.path())) {
                return FailedRun.noted(folder, settings.config(), () -> {
                    RunLog.to(folder.path().resolve("run.log"));
                    return new OnlineRun(settings, node, resumed, System.out).run();
                });
            }
        }
    }

    private static int other(NodeRequest request) {
        String join = Objects.requireNonNull(request.join());
        String name = request.name() == null
                ? request.role() + "-" + ProcessHandle.current().pid()
                : request.name();
        Config own = Settings.parse("node", "", request.overrides()).config();
        ClusterSettings settings = TrainRun.joining(ClusterSettings.from(own), join);
        System.out.printf("%s joins %s%n", name, join);
        try (ClusterNode cluster = ClusterNode.start(settings, name, Set.of(request.role()))) {
            cluster.awaitUp();
            Found found = describe(cluster, request.role(), join);
            RunDescription run = found.description();
            Settings merged = Settings.parse("run " + run.name(), run.config(), request.overrides());
            Libtorch.use(ModelSettings.from(merged.config()).device());
            RunFolder folder = RunFolder.open(Path.of(run.folder()));
            try (AeronNode aeron = AeronNode.start(TransportSettings.from(merged.config()))) {
                RunNode node = new RunNode(merged.config(), folder, cluster, aeron, settings.host());
                RunModels models = new RunModels(merged.config());
                try (RunForms forms = new RunForms(merged.config(), models)) {
                    Role role = Roles.start(request.role(), name, node, models, forms);
                    cluster.spawn(RunWatch.create(found.actor(), role), "run-watch");
                    return await(role, cluster, run.name());
                }
            }
        }
    }

    private static int await(Role role, ClusterNode cluster, String run) {
        Interrupts.handle(role.drain());
        System.out.printf("%s joined run %s%n", role.name(), run);
        System.out.flush();
        cluster.terminated()
                .thenAccept(reason -> role.ended()
                        .completeExceptionally(new IllegalStateException(
                                "the cluster went down under " + role.name() + ": " + reason)));
        try (role) {
            String why = role.ended().get();
            System.out.printf("%s left: %s%n", role.name(), why);
            return 0;
        } catch (ExecutionException e) {
            LOG.error("{} failed", role.name(), e.getCause());
            System.err.printf("troupe: %s failed: %s%n", role.name(), e.getCause());
            return 1;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Interrupts.EXIT_CODE;
        }
    }

    /** Asks the cluster which run it is. */
    private static Found describe(ClusterNode cluster, String role, String join) {
        ActorSystem<?> system = cluster.system();
        long end = System.nanoTime() + FIND_RUN.toNanos();
        while (System.nanoTime() < end) {
            try {
                Receptionist.Listing listing = AskPattern.<Receptionist.Command, Receptionist.Listing>ask(
                                system.receptionist(),
                                replyTo -> Receptionist.find(ServiceKeys.RUN, replyTo),
                                ASK,
                                system.scheduler())
                        .toCompletableFuture()
                        .get();
                for (ActorRef<RunCommand> actor : listing.getServiceInstances(ServiceKeys.RUN)) {
                    RunDescription description = AskPattern.<RunCommand, RunDescription>ask(
                                    actor, replyTo -> new DescribeRun(role, replyTo), ASK, system.scheduler())
                            .toCompletableFuture()
                            .get();
                    return new Found(actor, description);
                }
            } catch (ExecutionException e) {
                LOG.info("the run does not answer yet: {}", String.valueOf(e.getCause()));
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
            pause(cluster, join);
        }
        throw new SettingsException(
                "the cluster at " + join + " names no run within " + FIND_RUN.toSeconds() + " s: is its learner up?");
    }

    /** Before it is asked again; nobody answers any more once this node is out of the cluster. */
    private static void pause(ClusterNode cluster, String join) {
        try {
            String reason = cluster.terminated().toCompletableFuture().get(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
            throw new ClusterException(
                    "the cluster at " + join + " went down under this node before it named its run: " + reason);
        } catch (TimeoutException stillUp) {
            // As it should be.
        } catch (ExecutionException e) {
            throw new ClusterException("the cluster at " + join + " went down under this node", e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    private static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("interrupted while asking which run this is", e);
    }
}
