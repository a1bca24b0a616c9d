package dev.troupe.data.sources;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Gathers what is to be said about a file of rows while it is read. */
public final class RowNotes {
    /** Columns that shape a prompt here or elsewhere in the field; where one does not, every command says so. */
    private static final List<String> SHAPING = List.of(
            "system",
            "system_prompt",
            "system_message",
            "history",
            "input",
            "context",
            "tools",
            "functions",
            "tool_choice",
            "documents",
            "response_format",
            "chat_template_kwargs",
            "enable_thinking");

    private final TreeSet<String> seen = new TreeSet<>();
    private final TreeSet<String> used = new TreeSet<>();
    private final TreeMap<String, Count> counts = new TreeMap<>();
    private Count texts = Count.NONE;
    private Count dialogues = Count.NONE;
    private long rows;

    /** How many rows, and the line of the first. */
    private record Count(long rows, long first) {
        static final Count NONE = new Count(0, 0);

        Count and(Place place) {
            return new Count(rows + 1, rows == 0 ? place.line() : first);
        }
    }

    /**
     * A row.
     *
     * @param columns those of it that were used
     * @param as what it is read as
     */
    void row(Row row, Set<String> columns, String as) {
        SHAPING.stream()
                .filter(name -> row.filled(name) && !columns.contains(name))
                .forEach(name -> count("have a \"" + name + "\" that is no part of the " + as, row.place()));
        rows++;
        row.names().stream().filter(row::filled).forEach(seen::add);
        used.addAll(columns);
    }

    /** Whether a row is a dialogue or a text; a file of both is likely to be a mistake. */
    void shape(boolean dialogue, Place place) {
        dialogues = dialogue ? dialogues.and(place) : dialogues;
        texts = dialogue ? texts : texts.and(place);
    }

    /** One more row of which this is to be said. */
    void count(String what, Place place) {
        counts.put(what, counts.getOrDefault(what, Count.NONE).and(place));
    }

    /** What was read from a file, with what is to be said about it. */
    public <T> Rows<T> of(Path file, List<T> read) {
        TreeSet<String> unread = new TreeSet<>(seen);
        unread.removeAll(used);
        List<String> lines = new ArrayList<>();
        counts.forEach((what, count) -> lines.add(
                file + ": " + count.rows + " of " + rows + " rows " + what + " (the first: line " + count.first + ")"));
        if (texts.rows > 0 && dialogues.rows > 0) {
            lines.add(file + ": " + texts.rows + " rows are texts (the first: line " + texts.first + ") and "
                    + dialogues.rows + " are dialogues, which go through the chat template (the first: line "
                    + dialogues.first + ")");
        }
        return new Rows<>(read, unread, lines);
    }
}
