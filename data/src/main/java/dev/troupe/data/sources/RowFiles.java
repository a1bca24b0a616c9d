package dev.troupe.data.sources;

import dev.troupe.data.DataException;
import java.nio.file.Path;
import java.util.List;

/** Reads JSONL files of prompts, texts and pairs; docs/data.md has the tables of what is read. */
public final class RowFiles {
    private RowFiles() {}

    /**
     * The prompts of a file, with the other columns of their rows, all numbered 0.
     *
     * @throws DataException with file, line and reason
     */
    public static Rows<Prompt> prompts(Path file) {
        RowNotes notes = new RowNotes();
        List<Prompt> prompts = JsonLines.read(file, row -> prompt(row, notes));
        return notes.of(file, prompts);
    }

    /**
     * The prompt of one row; what is to be said of it goes into the notes.
     *
     * @throws IllegalArgumentException saying what is wrong with it
     */
    public static Prompt prompt(Row row, RowNotes notes) {
        PromptRows.Read read = PromptRows.of(row);
        notes.row(row, read.used(), "prompt");
        notes.shape(read.prompt().isDialogue(), row.place());
        read.notes().forEach(note -> notes.count(note, row.place()));
        return read.prompt();
    }

    /**
     * The text of one row; what is to be said of it goes into the notes.
     *
     * @throws IllegalArgumentException saying what is wrong with it
     */
    public static TrainingText text(Row row, RowNotes notes) {
        TrainingText text = new TextRows(notes).of(row);
        if (text == null) {
            throw new IllegalArgumentException("the text is empty");
        }
        return text;
    }

    /**
     * The texts of a file, for the next-token loss.
     *
     * @throws DataException with file, line and reason
     */
    public static Rows<TrainingText> texts(Path file) {
        RowNotes notes = new RowNotes();
        return filled(file, notes, JsonLines.read(file, new TextRows(notes)::of));
    }

    /**
     * The preference pairs of a file.
     *
     * @throws DataException with file, line and reason
     */
    public static Rows<PreferencePair> pairs(Path file) {
        RowNotes notes = new RowNotes();
        return filled(file, notes, JsonLines.read(file, new PairRows(notes)::of));
    }

    private static <T> Rows<T> filled(Path file, RowNotes notes, List<T> rows) {
        Rows<T> read = notes.of(file, rows);
        if (rows.isEmpty()) {
            throw DataException.of(file, "no row is left: " + String.join("; ", read.notes()));
        }
        return read;
    }
}
