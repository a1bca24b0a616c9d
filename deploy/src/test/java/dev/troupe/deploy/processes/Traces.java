package dev.troupe.deploy.processes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** What a run leaves in its folder, read while it may be growing: a line without its end is not there yet. */
record Traces(Path run) {
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * A rollout's own account. An entry is {@code DRAW/SAMPLE#ATTEMPT}.
     *
     * @param finished in order
     * @param acked what the ledger has said it holds
     */
    record Journal(List<String> finished, Set<String> acked) {
        List<String> unacked() {
            return finished.stream().filter(entry -> !acked.contains(entry)).toList();
        }
    }

    /** The journal of a node; empty while it has none. */
    Journal journal(String node) {
        List<String> finished = new ArrayList<>();
        Set<String> acked = new LinkedHashSet<>();
        for (JsonNode line : lines(run.resolve("rollouts").resolve(node + ".jsonl"))) {
            String entry = line.get("id").asText() + "#" + line.get("attempt").asInt();
            (line.get("event").asText().equals("acked") ? acked : finished).add(entry);
        }
        return new Journal(finished, acked);
    }

    /** The journals of all rollouts that ever were in the run. */
    List<Journal> journals() {
        try (Stream<Path> files = Files.list(run.resolve("rollouts"))) {
            return files.map(file -> file.getFileName().toString().replaceFirst("\\.jsonl$", ""))
                    .map(this::journal)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ids, {@code DRAW/SAMPLE}, that any rollout of the run has been told are held. */
    Set<String> everAcked() {
        Set<String> ids = new LinkedHashSet<>();
        journals().forEach(journal -> journal.acked().forEach(entry -> ids.add(idOf(entry))));
        return ids;
    }

    /** Finished entries whose trajectory had been acknowledged in an earlier attempt. */
    List<String> sampledAfterAcked() {
        Map<String, Integer> acked = new HashMap<>();
        journals()
                .forEach(journal ->
                        journal.acked().forEach(entry -> acked.merge(idOf(entry), attemptOf(entry), Math::min)));
        return journals().stream()
                .flatMap(journal -> journal.finished().stream())
                .filter(entry -> attemptOf(entry) > acked.getOrDefault(idOf(entry), Integer.MAX_VALUE))
                .toList();
    }

    private static int attemptOf(String entry) {
        return Integer.parseInt(entry.substring(entry.indexOf('#') + 1));
    }

    static String idOf(String entry) {
        return entry.replaceFirst("#.*", "");
    }

    /** Ids that were trained, in order; an id that was trained twice is there twice. */
    List<String> trained() {
        List<String> ids = new ArrayList<>();
        for (JsonNode line : lines(run.resolve("trained.jsonl"))) {
            line.get("ids")
                    .forEach(id -> ids.add(id.get(0).asLong() + "/" + id.get(1).asInt()));
        }
        return ids;
    }

    /** Numbers of the steps in the metrics, in order. */
    List<Long> steps() {
        return lines(run.resolve("metrics.jsonl")).stream()
                .map(line -> line.get("step").asLong())
                .toList();
    }

    /** Steps trained. */
    long version() {
        return steps().stream().mapToLong(Long::longValue).max().orElse(0);
    }

    JsonNode summary() {
        try {
            return JSON.readTree(run.resolve("summary.json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String log() {
        return text(run.resolve("run.log"));
    }

    private static List<JsonNode> lines(Path file) {
        String text = text(file);
        List<JsonNode> lines = new ArrayList<>();
        try {
            for (String line : text.substring(0, text.lastIndexOf('\n') + 1).split("\n")) {
                if (!line.isEmpty()) {
                    lines.add(JSON.readTree(line));
                }
            }
        } catch (JsonProcessingException e) {
            throw new AssertionError(file + " has a line that is no JSON", e);
        }
        return lines;
    }

    private static String text(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
