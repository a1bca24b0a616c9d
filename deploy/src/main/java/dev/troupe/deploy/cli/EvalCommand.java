package dev.troupe.deploy.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** {@code troupe eval}. */
@Command(name = "eval", mixinStandardHelpOptions = true, header = "soon")
final class EvalCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        return 1;
    }
}
