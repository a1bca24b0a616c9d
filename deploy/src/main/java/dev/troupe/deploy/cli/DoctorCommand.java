package dev.troupe.deploy.cli;

import dev.troupe.deploy.doctor.Doctor;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code troupe doctor}. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        header = "Look at this machine: each line is ok, or says what to do.",
        footer = {"", "Example:", "  troupe doctor"})
final class DoctorCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        return new Doctor().examine(spec.commandLine().getOut()) ? 0 : 1;
    }
}
