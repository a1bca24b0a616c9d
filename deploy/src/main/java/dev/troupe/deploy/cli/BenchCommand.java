package dev.troupe.deploy.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code troupe bench}. */
@Command(name = "bench", mixinStandardHelpOptions = true, header = "soon")
final class BenchCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        return 1;
    }
}
