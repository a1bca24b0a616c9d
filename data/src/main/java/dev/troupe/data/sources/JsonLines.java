package dev.troupe.data.sources;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.data.DataException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** JSONL files, plain or gzipped: the one reader of rows for every command. */
public final class JsonLines {
    private static final String ARRAY =
            "expected a JSON object, found a list; a file that is one JSON list becomes JSONL with jq -c '.[]' FILE";

    private JsonLines() {}

    /**
     * Makes something of a row, or null to leave it out; an {@link IllegalArgumentException} becomes an error with file
     * and line.
     */
    public interface RowReader<T> {
        @Nullable
        T read(Row row);
    }

    /**
     * Reads every row of a file; blank lines are skipped.
     *
     * @throws DataException with file, line and reason: missing or empty file, a line that is not one JSON object, a
     *     key that is there twice, another encoding than UTF-8, a row that {@code reader} refuses
     */
    public static <T> List<T> read(Path file, RowReader<T> reader) {
        if (Files.isDirectory(file)) {
            throw DataException.of(file, "is a folder; expected a JSONL file");
        }
        if (!Files.exists(file)) {
            throw DataException.of(file, "no such file; expected a JSONL file, plain or .gz");
        }
        List<T> rows = new ArrayList<>();
        boolean empty = true;
        long number = 0;
        try (TextLines lines = TextLines.open(file)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                number = lines.number();
                if (!line.isBlank()) {
                    empty = false;
                    T row = row(new Place(file, number), line, reader);
                    if (row != null) {
                        rows.add(row);
                    }
                }
            }
        } catch (EOFException e) {
            throw new DataException(file + ":" + (number + 1) + ": the gzip file ends early: copy or pack it again", e);
        } catch (IOException e) {
            throw new DataException(file + ":" + (number + 1) + ": cannot be read: " + e.getMessage(), e);
        }
        if (empty) {
            throw DataException.of(file, "the file is empty; expected at least one row");
        }
        return rows;
    }

    private static @Nullable <T> T row(Place place, String line, RowReader<T> reader) {
        try {
            return reader.read(new Row(place, object(place, line)));
        } catch (IllegalArgumentException e) {
            throw new DataException(place + ": " + e.getMessage(), e);
        }
    }

    private static ObjectNode object(Place place, String line) {
        JsonNode node;
        try {
            node = StrictJson.parse(line);
        } catch (JsonProcessingException e) {
            throw new DataException(place + ": " + notJson(line.strip(), e), e);
        }
        if (node instanceof ObjectNode object) {
            return object;
        }
        if (node.isArray()) {
            throw new DataException(place + ": " + ARRAY);
        }
        throw new DataException(place + ": expected a JSON object, found " + Row.kind(node));
    }

    private static String notJson(String line, JsonProcessingException e) {
        if (line.startsWith("[")) {
            return ARRAY;
        }
        if (StrictJson.goesOn(e)) {
            return "the line goes on after its JSON object; expected one object a line";
        }
        String hint = line.equals("{") ? "; expected each JSON object on one line: jq -c . FILE writes that" : "";
        return StrictJson.reason(e) + hint;
    }
}
