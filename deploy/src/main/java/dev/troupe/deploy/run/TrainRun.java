package dev.troupe.deploy.run;

import com.typesafe.config.Config;
import dev.troupe.cluster.ClusterException;
import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.ClusterSettings;
import dev.troupe.deploy.report.RunFolder;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.model.Libtorch;
import dev.troupe.model.ModelSettings;
import dev.troupe.train.TrainSettings;
import dev.troupe.train.checkpoint.Checkpoint;
import dev.troupe.transport.AeronNode;
import dev.troupe.transport.TransportSettings;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Trains in this process. */
public final class TrainRun {
    private TrainRun() {}

    /** Runs until done, failed or interrupted; the exit code. */
    public static int run(RunRequest request) {
        Settings settings = request.settings();
        Libtorch.use(ModelSettings.from(settings.config()).device());
        if (!TrainSettings.from(settings.config()).online()) {
            return OfflineRun.run(request);
        }
        Preflight.check(settings.config(), false);
        RunFolder folder = folder(request);
        Checkpoint resumed = request.resume() == null ? null : Preflight.checkpoint(folder, settings.config());
        try (RunLock held = RunLock.of(folder.path())) {
            return FailedRun.noted(folder, settings.config(), () -> online(settings, folder, resumed));
        }
    }

    private static int online(Settings settings, RunFolder folder, @Nullable Checkpoint resumed) {
        RunLog.to(folder.path().resolve("run.log"));
        try (RunNode node = node(settings.config(), folder, "learner", null, null)) {
            return new OnlineRun(settings, node, resumed, System.out).run();
        }
    }

    /** The run's folder: a new one, or that of the run to go on with. */
    static RunFolder folder(RunRequest request) {
        Path resume = request.resume();
        if (resume != null) {
            return RunFolder.open(resume);
        }
        String name = request.name();
        if (name == null) {
            String stamp = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").format(LocalDateTime.now());
            String config = Path.of(request.settings().name()).getFileName().toString();
            name = config.replaceFirst("\\.conf$", "") + "-" + stamp;
        }
        return RunFolder.create(RunFolder.runs(), name, request.settings());
    }

    /** The settings with {@code --join}'s address; one that is none is wrong usage. */
    static ClusterSettings joining(ClusterSettings settings, String join) {
        try {
            return settings.joining(join);
        } catch (ClusterException e) {
            throw new SettingsException("--join " + join + ": " + e.getMessage(), e);
        }
    }

    /**
     * Starts cluster and transport for a process.
     *
     * @param join HOST:PORT of a member, null for the first
     * @param udpHost address of this process for others, null when there are none
     */
    static RunNode node(Config config, RunFolder folder, String role, @Nullable String join, @Nullable String udpHost) {
        ClusterSettings settings = ClusterSettings.from(config);
        ClusterNode cluster = ClusterNode.start(join == null ? settings : joining(settings, join), role, Set.of(role));
        try {
            cluster.awaitUp();
            return new RunNode(config, folder, cluster, AeronNode.start(TransportSettings.from(config)), udpHost);
        } catch (RuntimeException e) {
            cluster.close();
            throw e;
        }
    }
}
