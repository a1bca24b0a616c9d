package dev.troupe.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** The Python with transformers and peft that -Dtroupe.python or TROUPE_PYTHON names. */
public final class Python {
    private static final long MINUTES = 15;

    /** What is read lies on the disk and is computed on the CPU: no progress bars in the log, no hub, no GPU. */
    private static final Map<String, String> QUIET = Map.of(
            "TQDM_DISABLE",
            "1",
            "HF_HUB_DISABLE_PROGRESS_BARS",
            "1",
            "HF_HUB_OFFLINE",
            "1",
            "CUDA_VISIBLE_DEVICES",
            "");

    private Python() {}

    /** Its file; a test without one is skipped. */
    public static String executable() {
        String property = System.getProperty("troupe.python", "");
        String named = property.isBlank() ? System.getenv().getOrDefault("TROUPE_PYTHON", "") : property;
        Assumptions.assumeFalse(
                named.isBlank(),
                "-Dtroupe.python (a Python with torch, transformers, peft and gguf) or TROUPE_PYTHON is not given");
        return named;
    }

    /** Runs a script that lies beside the tests' resources. */
    public static void run(Path work, String resource, String... arguments) {
        executable();
        try (InputStream text = Objects.requireNonNull(Python.class.getResourceAsStream("/" + resource))) {
            Path script = work.resolve(resource);
            Files.write(script, text.readAllBytes());
            runFile(work, script, arguments);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Runs a script where it lies, so that it finds those beside it. */
    static void runFile(Path work, Path script, String... arguments) {
        String named = executable();
        try {
            String[] command = new String[arguments.length + 2];
            command[0] = named;
            command[1] = script.toString();
            System.arraycopy(arguments, 0, command, 2, arguments.length);
            File log = work.resolve("python.log").toFile();
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log);
            builder.environment().putAll(QUIET);
            Process process = builder.start();
            boolean ended = process.waitFor(MINUTES, TimeUnit.MINUTES);
            process.destroyForcibly();
            assertThat(ended).as(script + " within " + MINUTES + " minutes").isTrue();
            List<String> said = Files.readAllLines(log.toPath());
            String end = String.join("\n", said.subList(Math.max(0, said.size() - 30), said.size()));
            assertThat(process.exitValue()).as(script + ":\n" + end).isZero();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
