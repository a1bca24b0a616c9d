package dev.troupe.deploy.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A JSONL file that grows; every line is out of the process when the call returns. Safe for several threads. */
final class LinesFile implements AutoCloseable {
    private final Path path;
    private final BufferedWriter out;

    /** Opens for appending. */
    LinesFile(Path path) {
        this.path = path;
        try {
            out = Files.newBufferedWriter(
                    path, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    /**
     * Opens for appending after a resume: lines of steps after {@code lastStep} (their work is done again) and a last
     * line
     * cut short by a kill are removed.
     */
    static LinesFile after(Path path, long lastStep) {
        if (Files.exists(path)) {
            try {
                List<String> kept = Files.readAllLines(path).stream()
                        .filter(line -> keeps(line, lastStep))
                        .toList();
                Path beside = path.resolveSibling(path.getFileName() + ".new");
                Files.write(beside, kept);
                Files.move(beside, path, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot rewrite " + path + ": " + e, e);
            }
        }
        return new LinesFile(path);
    }

    private static boolean keeps(String line, long lastStep) {
        try {
            return Json.mapper().readTree(line).path("step").asLong(Long.MAX_VALUE) <= lastStep;
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            return false;
        }
    }

    /** The lines that are there. */
    List<JsonNode> lines() {
        try {
            List<JsonNode> lines = new ArrayList<>();
            for (String line : Files.readAllLines(path)) {
                lines.add(Json.mapper().readTree(line));
            }
            return lines;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + path + ": " + e, e);
        }
    }

    synchronized void append(Object value) {
        try {
            out.write(Json.line(value));
            out.write('\n');
            out.flush();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    @Override
    public synchronized void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private UncheckedIOException failed(IOException e) {
        return new UncheckedIOException("cannot write " + path + ": " + e + "; is the disk full?", e);
    }
}
