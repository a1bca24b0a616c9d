package dev.troupe.deploy.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code troupe logprobs}. */
@Command(name = "logprobs", mixinStandardHelpOptions = true, header = "soon")
final class LogprobsCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        return 1;
    }
}
