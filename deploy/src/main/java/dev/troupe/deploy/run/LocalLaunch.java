package dev.troupe.deploy.run;

import dev.troupe.deploy.report.RunFolder;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.train.TrainSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Each role of a run in a process of its own on this machine. */
public final class LocalLaunch {
    private static final long STOP_SECONDS = 20;
    /** When the learner has failed there is nobody left to hand anything to. */
    private static final long FAILED_SECONDS = 5;

    /**
     * How long nodes wait for each other. A node needs it before the learner can tell it the run's settings, and who is
     * out of patience first has the others put out: a longer one of the learner alone would do nothing.
     */
    private static final List<String> PATIENCE = List.of(
            "cluster.join_deadline",
            "cluster.leave_deadline",
            "cluster.heartbeat_interval",
            "cluster.acceptable_pause",
            "cluster.stable_after");

    private LocalLaunch() {}

    /** Runs until done, failed or interrupted; the exit code. */
    public static int run(RunRequest request) {
        Settings settings = request.settings();
        if (!TrainSettings.from(settings.config()).online()) {
            throw new SettingsException("algorithm = " + settings.config().getString("algorithm")
                    + " runs in one process: leave --processes out");
        }
        Preflight.check(settings.config(), true);
        RunFolder folder = TrainRun.folder(request);
        if (request.resume() != null) {
            // The learner looks at it again; here it is looked at before there is a process for each role.
            Preflight.checkpoint(folder, settings.config());
        }
        String host = settings.config().getString("cluster.host");
        int port = settings.config().getInt("cluster.port");
        String address = host + ":" + (port == 0 ? freePort(host) : port);
        List<ChildProcess> others = new ArrayList<>();
        ChildProcess learner = ChildProcess.start("learner", null, learner(request, folder, address));
        Interrupts.handle(() -> interrupt(learner));
        try {
            for (String node : nodes(settings)) {
                others.add(ChildProcess.start(
                        node, folder.path().resolve("logs").resolve(node + ".log"), other(node, address, settings)));
            }
            tellPids(learner, others);
            others.forEach(child -> child.process().onExit().thenAccept(p -> ended(child, p, learner, address)));
            int code = learner.process().waitFor();
            // Interrupted before it could hear signals, the learner has died of this one.
            return code != 0 && Interrupts.interrupted() ? Interrupts.EXIT_CODE : code;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Interrupts.EXIT_CODE;
        } finally {
            end(learner, others);
        }
    }

    /** Whoever wants to drain or to end one of them needs its number. */
    private static void tellPids(ChildProcess learner, List<ChildProcess> others) {
        String nodes = Stream.concat(Stream.of(learner), others.stream())
                .map(child -> child.name() + " (pid " + child.pid() + ")")
                .collect(Collectors.joining(", "));
        System.out.println("nodes: " + nodes);
        System.out.flush();
    }

    private static List<String> learner(RunRequest request, RunFolder folder, String address) {
        List<String> arguments = new ArrayList<>(
                List.of("node", "learner", "--run", folder.path().toString(), "--name", "learner"));
        if (request.resume() != null) {
            arguments.add("--resume");
        }
        // A new run's folder has them already; what is changed on resuming stands nowhere else.
        Settings settings = request.settings();
        settings.keys().stream()
                .filter(key -> settings.source(key).equals("command line"))
                .forEach(key -> arguments.add(key + "=" + settings.value(key)));
        arguments.add("cluster.host=" + address.substring(0, address.lastIndexOf(':')));
        arguments.add("cluster.port=" + address.substring(address.lastIndexOf(':') + 1));
        return arguments;
    }

    /** Arguments of a node beside the learner; package-private so that a test can read them. */
    static List<String> other(String node, String address, Settings settings) {
        String role = node.replaceFirst("-\\d+$", "");
        List<String> arguments = new ArrayList<>(List.of("node", role, "--join", address, "--name", node));
        PATIENCE.stream()
                .filter(key -> !settings.source(key).equals("default"))
                .forEach(key -> arguments.add(key + "=" + settings.value(key)));
        return arguments;
    }

    private static List<String> nodes(Settings settings) {
        List<String> nodes = new ArrayList<>(Roles.scorers(Learning.needs(settings.config())));
        int replicas = settings.config().getInt("rollout.replicas");
        for (int i = 1; i <= replicas; i++) {
            nodes.add("rollout-" + i);
        }
        return nodes;
    }

    /** Told at once, because the run does not end for it: others may take its place. */
    private static void ended(ChildProcess child, Process process, ChildProcess learner, String address) {
        if (learner.process().isAlive() && process.exitValue() != 0 && !Interrupts.interrupted()) {
            System.err.printf(
                    Locale.ROOT,
                    "troupe: node %s ended with code %d; its log is in the run's folder, logs/%s.log. Put another in its"
                            + " place with: troupe node %s --join %s%n",
                    child.name(),
                    process.exitValue(),
                    child.name(),
                    child.name().replaceFirst("-\\d+$", ""),
                    address);
        }
    }

    private static void interrupt(ChildProcess learner) {
        // SIGTERM asks the learner for a checkpoint at the next version's boundary; Ctrl-C has reached it already.
        learner.process().destroy();
    }

    private static void end(ChildProcess learner, List<ChildProcess> others) {
        try {
            learner.stop(STOP_SECONDS);
            int code = learner.process().waitFor();
            boolean told = code == 0 || code == Interrupts.EXIT_CODE;
            if (!told) {
                others.forEach(child -> child.process().destroy());
            }
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(told ? STOP_SECONDS : FAILED_SECONDS);
            for (ChildProcess child : others) {
                long left = Math.max(0, deadline - System.nanoTime());
                if (!child.process().waitFor(left, TimeUnit.NANOSECONDS)) {
                    child.stop(1);
                }
            }
        } catch (InterruptedException e) {
            others.forEach(c -> c.process().destroyForcibly());
            Thread.currentThread().interrupt();
        }
    }

    private static int freePort(String host) {
        try (ServerSocket probe = new ServerSocket()) {
            probe.bind(new InetSocketAddress(InetAddress.getByName(host), 0));
            return probe.getLocalPort();
        } catch (IOException e) {
            throw new SettingsException("cannot find a free port on cluster.host = " + host + ": " + e.getMessage(), e);
        }
    }
}
