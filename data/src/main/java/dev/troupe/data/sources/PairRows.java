package dev.troupe.data.sources;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Rows as preference pairs: a prompt with the answers {@code chosen} and {@code rejected}, or these two as whole
 * dialogues (lists of turns, or texts as hh-rlhf has them), whose shared beginning is the prompt.
 */
final class PairRows {
    private static final String CHOSEN = "chosen";
    private static final String REJECTED = "rejected";
    private static final String MARGIN = "margin";
    static final String EQUAL = "have equal \"chosen\" and \"rejected\" and are left out";
    static final String EMPTY = "have an empty last turn in \"chosen\" or \"rejected\" and are left out";

    private final RowNotes notes;

    PairRows(RowNotes notes) {
        this.notes = notes;
    }

    /** The pair of a row; null when its answers are equal or one of a text dialogue's says nothing. */
    @Nullable
    PreferencePair of(Row row) {
        Set<String> used = new TreeSet<>(List.of(CHOSEN, REJECTED, MARGIN));
        String asks = PromptRows.asking(row);
        PreferencePair pair = asks == null ? implicit(row, used) : explicit(row, asks, used);
        notes.row(row, used, "prompt");
        notes.shape(pair == null || pair.prompt().isDialogue(), row.place());
        if (pair == null) {
            notes.count(EMPTY, row.place());
            return null;
        }
        if (pair.chosen().equals(pair.rejected())) {
            notes.count(EQUAL, row.place());
            return null;
        }
        return pair;
    }

    private PreferencePair explicit(Row row, String asks, Set<String> used) {
        PromptRows.Read read = PromptRows.of(row);
        used.addAll(read.used());
        Prompt prompt = read.prompt();
        if (read.notes().contains(PromptRows.ANSWER_LEFT)) {
            throw new IllegalArgumentException(
                    "the dialogue before \"chosen\" and \"rejected\" ends with an answer; expected a turn to answer");
        }
        read.notes().forEach(note -> notes.count(note, row.place()));
        requireSameKind(row);
        if (row.get(CHOSEN).isTextual() && !prompt.isDialogue()) {
            return pair(row, prompt, new Reply(row.someText(CHOSEN)), new Reply(row.someText(REJECTED)));
        }
        if (row.get(CHOSEN).isTextual()) {
            return pair(row, prompt, said(row, CHOSEN), said(row, REJECTED));
        }
        DialogueContext context = new DialogueContext(row);
        used.addAll(context.used());
        Prompt asked = prompt.isDialogue() ? prompt : asUser(context, prompt);
        List<Message> chosen = turns(row, CHOSEN);
        List<Message> rejected = turns(row, REJECTED);
        if (row.get(asks).isTextual() && after(chosen, asked) == null && asksInside(chosen, rejected, prompt.text())) {
            return apart(row, context, chosen, rejected);
        }
        return pair(row, asked, answer(CHOSEN, chosen, asked), answer(REJECTED, rejected, asked));
    }

    /** Whether the text that asks is what a turn says with which both dialogues begin. */
    private static boolean asksInside(List<Message> chosen, List<Message> rejected, String text) {
        return chosen.subList(0, shared(chosen, rejected)).stream()
                .anyMatch(turn -> turn.content().strip().equals(text.strip()));
    }

    private static Prompt asUser(DialogueContext context, Prompt prompt) {
        Dialogue dialogue = context.around(List.of(new Message(Message.USER, prompt.text())));
        return new Prompt(0, prompt.text(), dialogue, prompt.columns(), prompt.place());
    }

    private static Reply said(Row row, String column) {
        return Reply.of(List.of(new Message(Message.ASSISTANT, row.someText(column))));
    }

    private static Reply answer(String column, List<Message> turns, Prompt prompt) {
        List<Message> answer = after(turns, prompt);
        if (answer == null) {
            throw new IllegalArgumentException("column \"" + column
                    + "\": expected the model's turns, or a whole dialogue that begins with the prompt");
        }
        return Reply.of(answer);
    }

    /** The answer's turns; of a whole dialogue those after the prompt; null when it does not begin with it. */
    private static @Nullable List<Message> after(List<Message> turns, Prompt prompt) {
        if (turns.get(0).isAssistant()) {
            return turns;
        }
        List<Message> asked = prompt.messages();
        // A whole dialogue may leave out the system text that its row has in a column.
        int skipped =
                asked.get(0).role().equals("system") && !turns.get(0).role().equals("system") ? 1 : 0;
        List<Message> begin = asked.subList(skipped, asked.size());
        boolean begins =
                turns.size() > begin.size() && turns.subList(0, begin.size()).equals(begin);
        return begins ? turns.subList(begin.size(), turns.size()) : null;
    }

    private static @Nullable PreferencePair implicit(Row row, Set<String> used) {
        DialogueContext context = new DialogueContext(row);
        used.addAll(context.used());
        List<Message> chosen = whole(row, CHOSEN);
        List<Message> rejected = whole(row, REJECTED);
        requireSameKind(row);
        if (endsEmpty(chosen) || endsEmpty(rejected)) {
            return null;
        }
        return apart(row, context, chosen, rejected);
    }

    /** Whole dialogues as their shared beginning and what follows it. */
    private static PreferencePair apart(
            Row row, DialogueContext context, List<Message> chosen, List<Message> rejected) {
        int shared = shared(chosen, rejected);
        Prompt prompt = prompt(row, context, chosen.subList(0, shared));
        return pair(
                row,
                prompt,
                Reply.of(chosen.subList(shared, chosen.size())),
                Reply.of(rejected.subList(shared, rejected.size())));
    }

    /** The prompt of a row that has nothing but whole dialogues. */
    static PromptRows.Read sharedPrompt(Row row) {
        DialogueContext context = new DialogueContext(row);
        Set<String> used = new TreeSet<>(context.used());
        used.addAll(List.of(CHOSEN, REJECTED));
        List<Message> chosen = whole(row, CHOSEN);
        Prompt prompt = prompt(row, context, chosen.subList(0, shared(chosen, whole(row, REJECTED))));
        return new PromptRows.Read(prompt, used, List.of());
    }

    private static Prompt prompt(Row row, DialogueContext context, List<Message> shared) {
        if (shared.isEmpty()) {
            throw new IllegalArgumentException(
                    "\"chosen\" and \"rejected\" have no beginning in common; expected dialogues that share a prompt");
        }
        String last = shared.get(shared.size() - 1).content();
        return new Prompt(0, last, context.around(shared), row.without(""), row.place());
    }

    /** Turns that both begin with, up to one that the model answers. */
    private static int shared(List<Message> a, List<Message> b) {
        int n = 0;
        while (n < a.size() && n < b.size() && a.get(n).equals(b.get(n))) {
            n++;
        }
        // Both go on with the model's turn, which is not the whole dialogue's first.
        while (n > 0 && !(answers(a, n) && answers(b, n))) {
            n--;
        }
        return n;
    }

    private static boolean answers(List<Message> turns, int n) {
        return n < turns.size()
                && turns.get(n).isAssistant()
                && !turns.get(n - 1).isAssistant();
    }

    private static List<Message> whole(Row row, String column) {
        if (!row.get(column).isTextual()) {
            return turns(row, column);
        }
        String text = row.someText(column);
        if (!HumanAssistantText.is(text)) {
            throw new IllegalArgumentException("no column that asks, and \"" + column
                    + "\" is no dialogue (a text that begins with \"Human:\", or a list of turns); the line has "
                    + row.names());
        }
        return HumanAssistantText.turns(text);
    }

    private static List<Message> turns(Row row, String column) {
        List<Message> turns = Turns.of(row, column);
        if (turns.isEmpty()) {
            throw new IllegalArgumentException("column \"" + column + "\" has no turns");
        }
        return turns;
    }

    private static boolean endsEmpty(List<Message> turns) {
        Message last = turns.get(turns.size() - 1);
        return last.equals(new Message(last.role(), ""));
    }

    private static void requireSameKind(Row row) {
        for (String column : List.of(CHOSEN, REJECTED)) {
            if (!row.has(column)) {
                row.text(column);
            }
        }
        if (row.get(CHOSEN).isTextual() != row.get(REJECTED).isTextual()) {
            throw new IllegalArgumentException("\"chosen\" is " + Row.kind(row.get(CHOSEN)) + " and \"rejected\" is "
                    + Row.kind(row.get(REJECTED)) + "; expected two of a kind");
        }
    }

    private static PreferencePair pair(Row row, Prompt prompt, Reply chosen, Reply rejected) {
        if (row.has(MARGIN) && !row.get(MARGIN).isNumber()) {
            throw new IllegalArgumentException(
                    "column \"margin\" is " + Row.kind(row.get(MARGIN)) + ", expected a number");
        }
        // The answers stand among its columns, and nothing reads those of a pair.
        Prompt asked = new Prompt(0, prompt.text(), prompt.dialogue(), Map.of(), prompt.place());
        return new PreferencePair(asked, chosen, rejected, row.get(MARGIN).asDouble(0));
    }
}
