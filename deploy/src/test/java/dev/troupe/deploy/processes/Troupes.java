package dev.troupe.deploy.processes;

import dev.troupe.deploy.settings.Home;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** Processes of {@code troupe ...} in a folder; all of them, and what they started, are gone after {@link #close}. */
final class Troupes implements AutoCloseable {
    /** Small models on small machines; the first tier of the compiler, for processes that live for seconds. */
    private static final List<String> JVM = List.of(
            "--add-opens",
            "java.base/jdk.internal.misc=ALL-UNNAMED",
            "--add-opens",
            "java.base/sun.nio.ch=ALL-UNNAMED",
            "-Doffline=true",
            "-DOPT_OUT_TRACKING=true",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UsePerfData",
            "-Xshare:auto",
            "-Xmx1g");

    /** A process, its output and the processes that it says it started. */
    record Started(String name, Process process, Path output) {
        String text() {
            try {
                return Files.readString(output);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Waits for this in the output; the match. */
        MatchResult says(String regex) {
            Pattern pattern = Pattern.compile(regex);
            List<MatchResult> found = new ArrayList<>();
            Await.until(name + " to say " + regex, this::text, () -> {
                pattern.matcher(text()).results().findFirst().ifPresent(found::add);
                return !found.isEmpty() || !process.isAlive();
            });
            if (found.isEmpty()) {
                pattern.matcher(text()).results().findFirst().ifPresent(found::add);
            }
            if (found.isEmpty()) {
                throw new AssertionError(name + " ended without a word of " + regex + "\n" + text());
            }
            return found.get(0);
        }

        /** Waits for its end; the exit code. */
        int code() {
            Await.until(name + " to end", this::text, () -> !process.isAlive());
            return process.exitValue();
        }

        /** The process of a node that this launcher started. */
        ProcessHandle node(String node) {
            return ProcessHandle.of(Long.parseLong(
                            says("\\b" + node + " \\(pid (\\d+)\\)").group(1)))
                    .orElseThrow(() -> new AssertionError("node " + node + " is gone\n" + text()));
        }
    }

    private final Path folder;
    private final List<Started> all = new ArrayList<>();

    Troupes(Path folder) {
        this.folder = folder;
    }

    /** Starts {@code troupe ARGUMENTS} in the folder. */
    Started start(String name, List<String> arguments) {
        return start(name, List.of(), arguments);
    }

    /**
     * Starts a run that trains on and on. It yields to the processes that are started beside it later: they would come
     * up in a multiple of their time where it takes what cores there are.
     */
    Started startYielding(String name, List<String> arguments) {
        return start(name, List.of("nice", "-n", "10"), arguments);
    }

    private Started start(String name, List<String> under, List<String> arguments) {
        List<String> command = new ArrayList<>(under);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM);
        command.add("-Dtroupe.home=" + Home.find().path());
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add("dev.troupe.deploy.Main");
        command.addAll(arguments);
        Path output = folder.resolve(name + ".out");
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            Started started = new Started(name, process, output);
            all.add(started);
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends a signal by name, as STOP. */
    static void signal(ProcessHandle process, String signal) {
        try {
            Process kill = new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid())).start();
            if (!kill.waitFor(1, TimeUnit.MINUTES) || kill.exitValue() != 0) {
                throw new AssertionError("kill -" + signal + " " + process.pid() + " failed");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    /**
     * What Ctrl-C sends. A shell starts what it runs in the background with SIGINT ignored, and its children inherit
     * that: there SIGTERM has to stand in, which asks for the same.
     */
    static void interrupt(Started launcher) {
        try {
            String status =
                    Files.readString(Path.of("/proc/" + launcher.process().pid() + "/status"));
            long ignored = Long.parseUnsignedLong(
                    Pattern.compile("SigIgn:\\s*(\\p{XDigit}+)")
                            .matcher(status)
                            .results()
                            .findFirst()
                            .orElseThrow()
                            .group(1),
                    16);
            signal(launcher.process().toHandle(), (ignored & 2) == 0 ? "INT" : "TERM");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        List<ProcessHandle> doomed = new ArrayList<>();
        for (Started started : all) {
            // A launcher that is dead has no descendants any more, but it has told their numbers.
            Pattern.compile("\\(pid (\\d+)\\)")
                    .matcher(started.text())
                    .results()
                    .map(m -> ProcessHandle.of(Long.parseLong(m.group(1))))
                    .forEach(p -> p.filter(Troupes::isTroupe).ifPresent(doomed::add));
            started.process().descendants().forEach(doomed::add);
            doomed.add(started.process().toHandle());
        }
        doomed.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle p : doomed) {
            Await.until("process " + p.pid() + " to die", p::toString, () -> !p.isAlive());
        }
    }

    private static boolean isTroupe(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"))
                    .contains("dev.troupe.deploy.Main");
        } catch (IOException e) {
            return false;
        }
    }
}
