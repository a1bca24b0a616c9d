package dev.troupe.data.sources;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.data.DataException;
import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;

/** JSONL files, plain or gzipped (told by their first bytes, not by their name). */
public final class JsonLines {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(com.fasterxml.jackson.core.JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    private JsonLines() {}

    /** Makes a row of a line's object; an {@link IllegalArgumentException} becomes an error with file and line. */
    public interface RowReader<T> {
        T row(ObjectNode object);
    }

    /**
     * Reads every row of a file; blank lines are skipped.
     *
     * @throws DataException with file, line and reason: missing or empty file, a line that is not a JSON object, a row
     *     that {@code reader} refuses
     */
    public static <T> List<T> read(Path file, RowReader<T> reader) {
        if (Files.isDirectory(file)) {
            throw DataException.of(file, "is a folder; expected a JSONL file");
        }
        if (!Files.exists(file)) {
            throw DataException.of(file, "no such file; expected \"stories\" or a JSONL file, plain or .gz");
        }
        List<T> rows = new ArrayList<>();
        long number = 0;
        try (BufferedReader in = open(file)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                number++;
                if (!line.isBlank()) {
                    rows.add(row(file, number, line, reader));
                }
            }
        } catch (CharacterCodingException e) {
            throw new DataException(file + ":" + (number + 1) + ": not UTF-8 text (at this line or soon after)", e);
        } catch (IOException e) {
            throw new DataException(file + ":" + (number + 1) + ": cannot be read: " + e.getMessage(), e);
        }
        if (rows.isEmpty()) {
            throw DataException.of(file, "the file is empty; expected at least one row");
        }
        return rows;
    }

    /**
     * The text of a column.
     *
     * @throws IllegalArgumentException when it is absent or not a string
     */
    public static String text(ObjectNode row, String column) {
        JsonNode value = row.get(column);
        if (value == null) {
            throw new IllegalArgumentException("no column \"" + column + "\"; the line has " + columns(row));
        }
        if (!value.isTextual()) {
            throw new IllegalArgumentException("column \"" + column + "\" is "
                    + value.getNodeType().toString().toLowerCase(java.util.Locale.ROOT) + ", expected a string");
        }
        return value.textValue();
    }

    /** The columns of a row other than one, as JSON's texts, numbers, lists and maps; nulls are left out. */
    static Map<String, Object> values(ObjectNode row, String without) {
        Map<String, Object> values = new LinkedHashMap<>();
        row.fields().forEachRemaining(column -> {
            if (!column.getKey().equals(without) && !column.getValue().isNull()) {
                values.put(column.getKey(), JSON.convertValue(column.getValue(), Object.class));
            }
        });
        return Collections.unmodifiableMap(values);
    }

    /** The columns of a row, sorted. */
    static TreeSet<String> columns(ObjectNode row) {
        TreeSet<String> names = new TreeSet<>();
        row.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static <T> T row(Path file, long number, String line, RowReader<T> reader) {
        JsonNode node;
        try {
            node = JSON.readTree(number == 1 && line.startsWith("\uFEFF") ? line.substring(1) : line);
        } catch (JsonProcessingException e) {
            throw new DataException(file + ":" + number + ": not JSON: " + e.getOriginalMessage() + column(e), e);
        }
        if (!(node instanceof ObjectNode object)) {
            throw DataException.at(file, number, "expected a JSON object, found " + node.getNodeType());
        }
        try {
            return reader.row(object);
        } catch (IllegalArgumentException e) {
            throw new DataException(file + ":" + number + ": " + e.getMessage(), e);
        }
    }

    private static String column(JsonProcessingException e) {
        return e.getLocation() == null ? "" : " (column " + e.getLocation().getColumnNr() + ")";
    }

    private static BufferedReader open(Path file) throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
        try {
            in.mark(2);
            boolean gzip = in.read() == 0x1F && in.read() == 0x8B;
            in.reset();
            return new BufferedReader(new InputStreamReader(
                    gzip ? new GZIPInputStream(in) : in,
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .onMalformedInput(CodingErrorAction.REPORT)
                            .onUnmappableCharacter(CodingErrorAction.REPORT)));
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }
}
