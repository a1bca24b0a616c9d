package dev.troupe.data.sources;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Rows as texts to learn from: a whole dialogue, a prompt with its {@code completion}, a {@code text}, or a question
 * with its answer.
 */
final class TextRows {
    private static final List<String> WHOLE = List.of("messages", "conversations", "conversation");
    private static final String COMPLETION = "completion";
    private static final String TEXT = "text";
    static final String EMPTY = "have an empty \"text\" and are left out";

    /** Where the answer to a column stands; the first of them counts. */
    private static final Map<String, List<String>> ANSWERS = Map.of(
            "prompt", List.of(COMPLETION, "response"),
            "instruction", List.of("output", "response"),
            "question", List.of("answer", "response"),
            "problem", List.of("solution", "answer"),
            "query", List.of("response", "answer"),
            "input", List.of("output"));

    /** Columns of unpaired preferences that say whether an answer is good, and how they say that it is not. */
    private static final List<String> JUDGED = List.of("label", "kto_tag");

    private static final Set<String> BAD = Set.of("false", "0", "0.0");

    private final RowNotes notes;

    TextRows(RowNotes notes) {
        this.notes = notes;
    }

    /** The text of a row; null for an empty one. */
    @Nullable
    TrainingText of(Row row) {
        Set<String> used = new TreeSet<>();
        TrainingText text = read(row, used);
        notes.row(row, used, "text");
        notes.shape(text.isDialogue(), row.place());
        if (!text.isDialogue() && text.text().isEmpty()) {
            notes.count(EMPTY, row.place());
            return null;
        }
        return text;
    }

    private TrainingText read(Row row, Set<String> used) {
        for (String column : WHOLE) {
            if (row.has(column)) {
                requireGood(row, JUDGED);
                used.add(column);
                return whole(row, column, used);
            }
        }
        if (row.has(TEXT) && !(row.has("prompt") && row.has(COMPLETION))) {
            // A label beside a text is that of a classifier.
            requireGood(row, List.of("kto_tag"));
            used.add(TEXT);
            return new TrainingText(row.text(TEXT), Dialogue.NONE, null, row.place());
        }
        requireGood(row, JUDGED);
        String asks = PromptRows.asking(row);
        return completed(row, answerTo(row, asks), used);
    }

    private static String answerTo(Row row, @Nullable String asks) {
        for (String answer : asks == null ? List.<String>of() : ANSWERS.getOrDefault(asks, List.of())) {
            if (row.has(answer)) {
                return answer;
            }
        }
        throw new IllegalArgumentException("expected \"messages\", \"conversations\", \"prompt\" with \"completion\""
                + " or \"response\", \"text\", \"instruction\" with \"output\", or a question with its answer; the line has "
                + row.names());
    }

    private static TrainingText whole(Row row, String column, Set<String> used) {
        DialogueContext context = new DialogueContext(row);
        used.addAll(context.used());
        List<Message> turns = Turns.of(row, column);
        if (turns.stream().noneMatch(Message::isAssistant)) {
            throw new IllegalArgumentException("column \"" + column + "\" has no turn of the model to learn from");
        }
        return new TrainingText("", context.around(turns), null, row.place());
    }

    /** Only a text after the column prompt goes on from it; answers to what asks otherwise are turns. */
    private TrainingText completed(Row row, String column, Set<String> used) {
        PromptRows.Read read = PromptRows.of(row);
        read.notes().forEach(note -> notes.count(note, row.place()));
        used.addAll(read.used());
        used.add(column);
        Prompt prompt = read.prompt();
        boolean text = row.get(column).isTextual();
        if (row.has("prompt") && text && !prompt.isDialogue()) {
            return new TrainingText(prompt.text() + row.someText(column), Dialogue.NONE, prompt, row.place());
        }
        DialogueContext context = new DialogueContext(row);
        used.addAll(context.used());
        Dialogue asked = prompt.isDialogue()
                ? prompt.dialogue()
                : context.around(List.of(new Message(Message.USER, prompt.text())));
        return new TrainingText(
                "",
                asked.and(reply(row, column)),
                new Prompt(0, prompt.text(), asked, prompt.columns(), row.place()),
                row.place());
    }

    static List<Message> reply(Row row, String column) {
        JsonNode given = row.get(column);
        if (!given.isTextual() && !given.isContainerNode()) {
            throw new IllegalArgumentException(
                    "column \"" + column + "\" is " + Row.kind(given) + ", expected a string, or turns of the model");
        }
        List<Message> turns = given.isTextual()
                ? List.of(new Message(Message.ASSISTANT, row.someText(column)))
                : Turns.of(row, column);
        if (turns.isEmpty() || !turns.get(0).isAssistant()) {
            throw new IllegalArgumentException("column \"" + column + "\": expected a turn of the model first");
        }
        return turns;
    }

    /** Rows of unpaired preferences say which completions are bad; those are not to be learned. */
    private static void requireGood(Row row, List<String> columns) {
        for (String column : columns) {
            String said = row.get(column).asText();
            if (BAD.contains(said.toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException("column \"" + column + "\" is " + said
                        + ": the answer is a bad one; leave such rows out, or the column if it says something else");
            }
        }
    }
}
