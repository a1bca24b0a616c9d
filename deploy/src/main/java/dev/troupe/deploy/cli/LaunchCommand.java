package dev.troupe.deploy.cli;

import dev.troupe.deploy.run.LocalLaunch;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code troupe launch}. */
@Command(
        name = "launch",
        mixinStandardHelpOptions = true,
        header = "Start a whole cluster: learner, reference, reward, value and rollouts, a process each.",
        subcommands = LaunchCommand.Local.class,
        footer = {"", "Example:", "  troupe launch local stories/ppo rollout.replicas=2 --name two"})
final class LaunchCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Where? Known: local");
    }

    /** {@code troupe launch local}: the same as {@code troupe run --processes}. */
    @Command(
            name = "local",
            mixinStandardHelpOptions = true,
            header = "On this machine, over loopback; the same as run --processes.",
            footer = {"", "Example:", "  troupe launch local stories/ppo rollout.replicas=2"})
    static final class Local implements Callable<Integer> {
        @Mixin
        private RunArguments arguments = new RunArguments();

        @Override
        public Integer call() {
            return LocalLaunch.run(arguments.request(true));
        }
    }
}
