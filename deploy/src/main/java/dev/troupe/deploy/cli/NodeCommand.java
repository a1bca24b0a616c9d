package dev.troupe.deploy.cli;

import dev.troupe.deploy.run.NodeRequest;
import dev.troupe.deploy.run.NodeRun;
import dev.troupe.deploy.settings.SettingsException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code troupe node}. */
@Command(
        name = "node",
        mixinStandardHelpOptions = true,
        header = "Add one role to a cluster; SIGTERM lets it finish what it holds.",
        footer = {"", "Example: one more rollout for a run under way:", "  troupe node rollout --join 127.0.0.1:2551"})
final class NodeCommand implements Callable<Integer> {
    private static final Set<String> ROLES = Set.of("learner", "rollout", "reference", "reward", "value", "teacher");

    @Parameters(
            index = "0",
            paramLabel = "ROLE",
            description = "learner, rollout, reference, reward, value or teacher.")
    private String role;

    @Parameters(index = "1..*", paramLabel = "KEY=VALUE", description = "Settings to change, their values in HOCON.")
    private List<String> overrides = new ArrayList<>();

    @Option(names = "--join", paramLabel = "HOST:PORT", description = "A node of the cluster to join.")
    private @Nullable String join;

    @Option(
            names = "--run",
            paramLabel = "DIR",
            description = "For a learner: the run's folder with its config.conf. Others ask the cluster they join.")
    private @Nullable Path run;

    @Option(names = "--name", paramLabel = "NODE", description = "Name of the node, unique in the run.")
    private @Nullable String name;

    @Option(names = "--resume", description = "For a learner: go on from the run's last checkpoint.")
    private boolean resume;

    @Override
    public Integer call() {
        String known = role.toLowerCase(Locale.ROOT);
        if (!ROLES.contains(known)) {
            throw new SettingsException("no role " + role + ": expected one of "
                    + ROLES.stream().sorted().toList());
        }
        if (known.equals("learner") ? run == null : join == null) {
            throw new SettingsException(
                    known.equals("learner")
                            ? "node learner needs --run DIR, the folder of a run with its config.conf"
                            : "node " + known + " needs --join HOST:PORT of a node of the cluster; a run prints it when"
                                    + " it starts");
        }
        return NodeRun.run(new NodeRequest(known, join, run, overrides, name, resume));
    }
}
