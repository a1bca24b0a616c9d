package dev.troupe.deploy.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A JVM of the same kind as this one that runs a command of {@code troupe}. */
public final class ChildProcess {
    private final String name;
    private final Process process;

    private ChildProcess(String name, Process process) {
        this.name = name;
        this.process = process;
    }

    /**
     * Starts it.
     *
     * @param log where its output goes; null to share this process's
     * @param arguments of the command line
     */
    static ChildProcess start(String name, @Nullable Path log, List<String> arguments) {
        return start(name, log, List.of(), arguments);
    }

    /** As above, with further options of the JVM. */
    public static ChildProcess start(String name, @Nullable Path log, List<String> options, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        if (log != null) {
            // A file has room for more than what goes wrong.
            command.add("-Dtroupe.log.level=INFO");
        }
        command.addAll(options);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add("dev.troupe.deploy.Main");
        command.addAll(arguments);
        try {
            ProcessBuilder builder = new ProcessBuilder(command);
            builder.redirectInput(
                    ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
            if (log == null) {
                builder.inheritIO();
            } else {
                Files.createDirectories(log.toAbsolutePath().getParent());
                builder.redirectErrorStream(true).redirectOutput(log.toFile());
            }
            return new ChildProcess(name, builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start a process for " + name + ": " + e.getMessage(), e);
        }
    }

    String name() {
        return name;
    }

    long pid() {
        return process.pid();
    }

    /** The system's handle. */
    public Process process() {
        return process;
    }

    /** Asks it to end in order, and ends it when it has not within the time. */
    void stop(long seconds) throws InterruptedException {
        process.destroy();
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
    }
}
