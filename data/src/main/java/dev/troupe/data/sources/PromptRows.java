package dev.troupe.data.sources;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A row as a prompt, in the field's shapes; docs/data.md has the table. Answers that a row holds do not belong to the
 * prompt; like every other column they stand beside it.
 */
final class PromptRows {
    /** Columns that ask, the first that is there counts. */
    private static final List<String> ASKING = List.of(
            "prompt", "messages", "conversations", "conversation", "instruction", "question", "problem", "query");

    /** Whole dialogues: an answer at their end is what the model is to write. */
    private static final Set<String> WHOLE = Set.of("messages", "conversations", "conversation");

    private static final String INPUT = "input";
    private static final String CONTEXT = "context";
    private static final String COMPLETION = "completion";

    static final String ANSWER_LEFT =
            "end with an answer, which is left to the model: only a \"prompt\" that ends so is gone on with";

    /**
     * What a row came to.
     *
     * @param used columns that the prompt is made of
     * @param notes what is to be said of the row
     */
    record Read(Prompt prompt, Set<String> used, List<String> notes) {}

    private PromptRows() {}

    /** The column that a row asks with; null when there is none. */
    static @Nullable String asking(Row row) {
        return ASKING.stream().filter(row::has).findFirst().orElseGet(() -> {
            if (row.has(INPUT) && (row.has("output") || row.has("chosen") && row.has("rejected"))) {
                return INPUT;
            }
            return row.get(CONTEXT).isArray() ? CONTEXT : null;
        });
    }

    /**
     * The prompt of a row with its other columns, numbered 0.
     *
     * @throws IllegalArgumentException saying what is wrong with it
     */
    static Read of(Row row) {
        String column = asking(row);
        if (column == null && row.has("chosen") && row.has("rejected")) {
            return PairRows.sharedPrompt(row);
        }
        if (column == null) {
            throw new IllegalArgumentException("no column that asks: expected one of " + ASKING
                    + ", or \"input\" with \"output\" or with \"chosen\" and \"rejected\"; the line has "
                    + row.names());
        }
        return new Reading(row, column).read();
    }

    /**
     * The completion that the row of a prompt has: a text, or turns after a dialogue; of a whole dialogue its answer.
     *
     * @throws IllegalArgumentException when it has none, or one of another kind
     */
    static Reply completion(Prompt prompt) {
        Object given = prompt.columns().get(COMPLETION);
        if (!prompt.isDialogue() && given instanceof String text && !text.isEmpty()) {
            return new Reply(text);
        }
        if (!prompt.isDialogue() || given == null) {
            throw new IllegalArgumentException("no text in the column \"" + COMPLETION + "\"");
        }
        ObjectNode columns = Row.JSON.createObjectNode();
        columns.set(COMPLETION, Row.JSON.valueToTree(given));
        Place place = prompt.place() == null ? new Place(Path.of(""), 0) : prompt.place();
        return Reply.of(TextRows.reply(new Row(place, columns), COMPLETION));
    }

    /** One row while it is read. */
    private static final class Reading {
        private final Row row;
        private final String column;
        private final DialogueContext context;
        private final Set<String> used;
        private final Map<String, Object> others;

        Reading(Row row, String column) {
            this.row = row;
            this.column = column;
            this.context = new DialogueContext(row);
            this.used = new TreeSet<>(context.used());
            this.others = row.without(column);
            used.add(column);
            Object truth = row.get("reward_model").path("ground_truth").isMissingNode()
                    ? null
                    : Row.value(row.get("reward_model").get("ground_truth"));
            if (truth != null && others.putIfAbsent("answer", truth) == null) {
                used.add("reward_model");
            }
        }

        Read read() {
            if (row.get(column).isArray() || WHOLE.contains(column)) {
                return dialogue(Turns.of(row, column));
            }
            if (column.equals("instruction")) {
                return answered(List.of(new Message(Message.USER, instruction())), List.of());
            }
            String text = row.someText(column);
            return context.makesDialogues()
                    ? answered(List.of(new Message(Message.USER, text)), List.of())
                    : read(new Prompt(0, text, Dialogue.NONE, others, row.place()), List.of());
        }

        /** A prompt as it stands; of a whole dialogue up to the turn that is to be answered. */
        private Read dialogue(List<Message> turns) {
            int end = turns.size();
            boolean begun =
                    end > 0 && Boolean.TRUE.equals(turns.get(end - 1).values().get("prefix"));
            while (WHOLE.contains(column)
                    && !begun
                    && end > 0
                    && turns.get(end - 1).isAssistant()) {
                end--;
            }
            if (end == 0) {
                throw new IllegalArgumentException("column \"" + column
                        + "\": the dialogue has no turn to answer; expected one of a user at least");
            }
            if (end == turns.size()) {
                requireBeginning(turns.get(end - 1));
                return answered(turns, List.of());
            }
            others.putIfAbsent(
                    COMPLETION,
                    turns.subList(end, turns.size()).stream()
                            .map(Message::values)
                            .toList());
            return answered(turns.subList(0, end), List.of(ANSWER_LEFT));
        }

        private void requireBeginning(Message last) {
            if (last.isAssistant() && (last.content().isEmpty() || last.values().containsKey("tool_calls"))) {
                throw new IllegalArgumentException("column \"" + column + "\": the last turn is the model's and "
                        + (last.content().isEmpty()
                                ? "has no text to go on from"
                                : "calls a tool, which nothing goes on from")
                        + "; leave it out");
            }
        }

        private Read answered(List<Message> turns, List<String> notes) {
            String last = turns.get(turns.size() - 1).content();
            return read(new Prompt(0, last, context.around(turns), others, row.place()), notes);
        }

        private Read read(Prompt prompt, List<String> notes) {
            if (!prompt.isDialogue()) {
                used.removeAll(context.used());
            }
            return new Read(prompt, used, notes);
        }

        /** With its input (of Self-Instruct's instances the first one's), or with Dolly's context. */
        private String instruction() {
            String asked = row.text(column);
            if (asked.isBlank()) {
                throw new IllegalArgumentException("the instruction is empty");
            }
            String input = row.has(INPUT) ? column(INPUT) : instance();
            String about = row.has(CONTEXT) ? column(CONTEXT) : "";
            return asked + (input.isBlank() ? "" : "\n\n" + input) + (about.isBlank() ? "" : "\n\n" + about);
        }

        private String column(String name) {
            used.add(name);
            return row.text(name);
        }

        private String instance() {
            if (!row.has("instances")) {
                return "";
            }
            used.add("instances");
            if (!(row.get("instances").path(0) instanceof ObjectNode first)) {
                throw new IllegalArgumentException("column \"instances\": expected a list of {\"input\": ...}");
            }
            return new Row(row.place(), first).text(INPUT);
        }
    }
}
