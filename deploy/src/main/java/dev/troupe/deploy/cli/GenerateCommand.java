package dev.troupe.deploy.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code troupe generate}. */
@Command(name = "generate", mixinStandardHelpOptions = true, header = "soon")
final class GenerateCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        return 1;
    }
}
