package dev.troupe.deploy.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.data.DataException;
import dev.troupe.deploy.report.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Reads the JSONL input of a command; a bad line is refused with file, line and reason. */
final class JsonInput {
    private JsonInput() {}

    /** Each line's object through {@code read}, whose IllegalArgumentException says what is wrong with it. */
    static <T> List<T> read(Path file, Function<JsonNode, T> read) {
        List<T> rows = new ArrayList<>();
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (IOException e) {
            throw new DataException("cannot read " + file + ": " + e, e);
        }
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                continue;
            }
            try {
                JsonNode node = Json.mapper().readTree(lines.get(i));
                if (!node.isObject()) {
                    throw new IllegalArgumentException("expected a JSON object");
                }
                rows.add(read.apply(node));
            } catch (JsonProcessingException e) {
                throw DataException.at(file, i + 1L, "not valid JSON: " + e.getOriginalMessage());
            } catch (IllegalArgumentException e) {
                throw DataException.at(file, i + 1L, String.valueOf(e.getMessage()));
            }
        }
        if (rows.isEmpty()) {
            throw DataException.of(file, "no rows");
        }
        return rows;
    }

    /** A text under a key. */
    static String text(JsonNode row, String key) {
        if (!row.path(key).isTextual()) {
            throw new IllegalArgumentException("key " + key + " is missing or not a text");
        }
        return row.get(key).asText();
    }

    /** Token ids under a key, each from 0 to below the vocabulary. */
    static int[] ids(JsonNode row, String key, int vocabulary) {
        JsonNode list = row.path(key);
        if (!list.isArray() || list.isEmpty()) {
            throw new IllegalArgumentException("key " + key + " is missing, empty or not a list of token ids");
        }
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            if (!list.get(i).isInt() || list.get(i).asInt() < 0 || list.get(i).asInt() >= vocabulary) {
                throw new IllegalArgumentException(
                        key + "[" + i + "] = " + list.get(i) + ": expected a token id below " + vocabulary);
            }
            ids[i] = list.get(i).asInt();
        }
        return ids;
    }
}
