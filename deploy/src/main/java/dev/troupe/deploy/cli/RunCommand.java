package dev.troupe.deploy.cli;

import dev.troupe.deploy.run.LocalLaunch;
import dev.troupe.deploy.run.TrainRun;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code troupe run}. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        header = "Train: the embedded default, a shipped configuration, or your own.",
        footer = {
            "",
            "Example: 20 steps of the embedded default with another seed, after a look at what that means:",
            "  troupe run stories/ppo steps=20 seed=7 --explain",
            "  troupe run stories/ppo steps=20 seed=7 --name seven"
        })
final class RunCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RunArguments arguments = new RunArguments();

    @Option(
            names = "--explain",
            description =
                    "Print the resolved settings, the numbers that follow from them and the memory each role needs;"
                            + " then stop.")
    private boolean explain;

    @Option(names = "--processes", description = "Give each role a process of its own on this machine.")
    private boolean processes;

    @Override
    public Integer call() {
        if (explain) {
            PrintWriter out = spec.commandLine().getOut();
            out.print(Explanation.of(arguments.settings()));
            out.flush();
            return 0;
        }
        return processes ? LocalLaunch.run(arguments.request(true)) : TrainRun.run(arguments.request(false));
    }
}
