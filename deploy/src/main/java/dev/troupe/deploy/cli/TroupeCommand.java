package dev.troupe.deploy.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The word {@code troupe} itself. */
@Command(
        name = "troupe",
        mixinStandardHelpOptions = true,
        version = "troupe 0.1.0",
        header = "Trains language models from feedback with a troupe of actors.",
        subcommands = {
            RunCommand.class,
            NodeCommand.class,
            LaunchCommand.class,
            GenerateCommand.class,
            LogprobsCommand.class,
            EvalCommand.class,
            StudyCommand.class,
            BestOfNCommand.class,
            ConvertCommand.class,
            BenchCommand.class,
            DoctorCommand.class
        },
        footer = {
            "",
            "Example: train the embedded default, then let the result write a story:",
            "  troupe run --name first",
            "  troupe generate --model runs/first --prompt \"Once upon a time\"",
            "",
            "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted."
        })
public final class TroupeCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Which command?");
    }
}
