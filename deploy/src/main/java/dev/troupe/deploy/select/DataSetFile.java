package dev.troupe.deploy.select;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.deploy.report.Json;
import dev.troupe.deploy.settings.SettingsException;
import java.io.BufferedReader;
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
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A data set while it is made: a file {@code OUT.part} with a line for each prompt done, from which an interrupted
 * command goes on, and in the end {@code OUT}, which is there whole or not at all.
 */
public final class DataSetFile implements AutoCloseable {
    private final Path out;
    private final Path part;
    private final BufferedWriter lines;
    private Totals totals = Totals.NONE;

    /**
     * What is left of a prompt.
     *
     * @param rows of the data set
     * @param mean of its completions' rewards, null when none had one
     * @param best of them
     * @param unscored completions without a reward
     */
    record Line(
            List<Map<String, Object>> rows,
            @Nullable Double mean,
            @Nullable Double best,
            int unscored) {}

    private DataSetFile(Path out, Path part, BufferedWriter lines) {
        this.out = out;
        this.part = part;
        this.lines = lines;
    }

    /**
     * Opens it; what an interrupted command with the same {@code made} has left is kept.
     *
     * @param made says how the data set is made; everything that decides its content
     * @param together prompts that are judged at once: of those begun, only whole groups are kept, so that the rest is
     *     judged in the same groups as without the interruption
     * @throws SettingsException when the data set is there already, or an interrupted one was made in another way
     */
    public static DataSetFile open(Path out, String made, int together) {
        if (Files.exists(out)) {
            throw new SettingsException("--out " + out + ": the file exists; name another, or remove it");
        }
        Path part = out.resolveSibling(out.getFileName() + ".part");
        try {
            Path folder = out.toAbsolutePath().getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            List<JsonNode> done = Files.exists(part) ? read(part, made, together) : new ArrayList<>();
            List<String> kept = new ArrayList<>(List.of(Json.line(Map.of("made", made))));
            done.forEach(line -> kept.add(line.toString()));
            Path beside = out.resolveSibling(part.getFileName() + ".new");
            Files.write(beside, kept);
            Files.move(beside, part, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            DataSetFile opened = new DataSetFile(
                    out, part, Files.newBufferedWriter(part, StandardCharsets.UTF_8, StandardOpenOption.APPEND));
            done.forEach(opened::count);
            return opened;
        } catch (IOException e) {
            throw new SettingsException("--out " + out + ": cannot write there: " + e, e);
        }
    }

    /** The lines of an interrupted command; the one it was writing may be cut. */
    private static List<JsonNode> read(Path part, String made, int together) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(part)) {
            try {
                lines.add(Json.mapper().readTree(line));
            } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
                break;
            }
        }
        if (lines.isEmpty() || !lines.get(0).path("made").asText().equals(made)) {
            throw new SettingsException(part + " is what another best-of-n left when it was interrupted, with other"
                    + " settings, prompts or weights: repeat that one to finish it, or remove the file");
        }
        return new ArrayList<>(lines.subList(1, 1 + (lines.size() - 1) / together * together));
    }

    private void count(JsonNode line) {
        totals = totals.plus(line);
    }

    /** What came of the prompts done so far. */
    Totals totals() {
        return totals;
    }

    void add(Line line) {
        String text = Json.line(line);
        try {
            lines.write(text);
            lines.write('\n');
            lines.flush();
            count(Json.mapper().readTree(text));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + part + ": " + e + "; is the disk full?", e);
        }
    }

    /** Writes the data set in place of what it was made from. */
    void finish() {
        Path beside = out.resolveSibling(out.getFileName() + ".new");
        try {
            lines.close();
            try (BufferedReader from = Files.newBufferedReader(part);
                    BufferedWriter to = Files.newBufferedWriter(beside)) {
                for (String line = from.readLine(); line != null; line = from.readLine()) {
                    for (JsonNode row : Json.mapper().readTree(line).path("rows")) {
                        to.write(row.toString());
                        to.write('\n');
                    }
                }
            }
            Files.move(beside, out, StandardCopyOption.ATOMIC_MOVE);
            Files.delete(part);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + out + ": " + e + "; is the disk full?", e);
        }
    }

    @Override
    public void close() {
        try {
            lines.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + part + ": " + e, e);
        }
    }
}
