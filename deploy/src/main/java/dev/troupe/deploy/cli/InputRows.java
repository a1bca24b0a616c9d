package dev.troupe.deploy.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.data.sources.Dialogue;
import dev.troupe.data.sources.Prompt;
import dev.troupe.data.sources.Reply;
import dev.troupe.data.sources.Row;
import dev.troupe.data.sources.RowFiles;
import dev.troupe.data.sources.RowNotes;
import dev.troupe.data.sources.Rows;
import dev.troupe.data.sources.TrainingText;
import dev.troupe.deploy.eval.PromptTokens;
import dev.troupe.deploy.run.DataNotes;
import dev.troupe.model.Tokenizer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A row of a command's input: token ids as they stand, or something to make them of. */
final class InputRows {
    private static final String IDS = "input_ids";

    private static final String COMPLETION = "completion";

    private InputRows() {}

    /**
     * The ids of a row.
     *
     * @param vocabulary ids are below it
     * @return null when the row has none
     * @throws IllegalArgumentException saying what is wrong with them
     */
    static int @Nullable [] ids(Row row, int vocabulary) {
        if (!row.has(IDS)) {
            return null;
        }
        JsonNode list = row.columns().get(IDS);
        if (!list.isArray() || list.isEmpty()) {
            throw new IllegalArgumentException("key " + IDS + " is empty or not a list of token ids");
        }
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            if (!list.get(i).isInt() || list.get(i).asInt() < 0 || list.get(i).asInt() >= vocabulary) {
                throw new IllegalArgumentException(
                        IDS + "[" + i + "] = " + list.get(i) + ": expected a token id below " + vocabulary);
            }
            ids[i] = list.get(i).asInt();
        }
        return ids;
    }

    /**
     * A row whose tokens are scored: of a dialogue by the chat template, of a prompt and a completion that are texts
     * those of both.
     *
     * @throws IllegalArgumentException saying what is wrong with the row
     */
    static InputRow scored(Row row, RowNotes notes, Tokenizer tokenizer, int vocabulary) {
        int[] ids = ids(row, vocabulary);
        if (ids != null) {
            return new InputRow(row.place().toString(), ids, Dialogue.NONE);
        }
        boolean apart = row.has("prompt")
                && row.has(COMPLETION)
                && row.columns().get(COMPLETION).isTextual();
        return apart ? completed(row, notes, tokenizer) : whole(row, notes, tokenizer);
    }

    private static InputRow completed(Row row, RowNotes notes, Tokenizer tokenizer) {
        Prompt prompt = RowFiles.prompt(row, notes);
        if (PromptTokens.of(prompt, tokenizer).length == 0) {
            throw new IllegalArgumentException("the prompt has no tokens");
        }
        int[] ids = PromptTokens.of(prompt, new Reply(row.text(COMPLETION)), tokenizer);
        return new InputRow(prompt.where(), ids, prompt.dialogue());
    }

    private static InputRow whole(Row row, RowNotes notes, Tokenizer tokenizer) {
        TrainingText text = RowFiles.text(row, notes);
        int[] ids = PromptTokens.of(text, tokenizer);
        if (ids.length == 0) {
            throw new IllegalArgumentException("the text has no tokens");
        }
        return new InputRow(row.place().toString(), ids, text.dialogue());
    }

    /** What is to be said about a file of such rows. Columns that are not read are none of it: help says so. */
    static void say(Path file, RowNotes notes, List<InputRow> rows, Tokenizer tokenizer, PrintWriter err) {
        Rows<InputRow> read = notes.of(file, rows);
        DataNotes.of(file.toString(), read, InputRow::dialogue, null, tokenizer)
                .forEach(note -> err.println("note: " + note));
        err.flush();
    }
}
