package dev.troupe.data.sources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A row of a prompt file as a prompt, in the field's shapes: {@code prompt} (a text, or a dialogue), {@code messages},
 * {@code conversations} (from, value), {@code instruction} with {@code input}, or with the {@code instances} of
 * Self-Instruct, whose first input counts, and GSM8K's {@code question} with its {@code answer}. Answers that a row
 * holds do not belong to the prompt; like every other column they stand beside it.
 */
final class PromptRows {
    private static final List<String> KINDS = List.of("prompt", "messages", "conversations", "instruction");
    private static final String ROLE = "role";
    private static final String CONTENT = "content";
    private static final String ASSISTANT = "assistant";

    /** Who speaks, as ShareGPT's files and their like call it. */
    private static final Map<String, String> SPEAKERS =
            Map.of("human", "user", "user", "user", "gpt", ASSISTANT, ASSISTANT, ASSISTANT, "system", "system");

    private PromptRows() {}

    /**
     * The prompt of a row with its other columns, numbered 0; an {@link IllegalArgumentException} says what is wrong
     * with it.
     */
    static Prompt of(ObjectNode row) {
        Set<String> columns = JsonLines.columns(row);
        if (!columns.contains("prompt") && columns.containsAll(Set.of("question", "answer"))) {
            return text(row, "question").with(JsonLines.values(row, "question"));
        }
        String asks = KINDS.stream()
                .filter(columns::contains)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "no column \"prompt\", \"messages\", \"conversations\" or \"instruction\"; the line has "
                                + columns));
        return of(row, asks).with(JsonLines.values(row, asks));
    }

    private static Prompt of(ObjectNode row, String asks) {
        return switch (asks) {
            case "messages" -> dialogue(turns(row, asks, ROLE, CONTENT));
            case "conversations" -> dialogue(turns(row, asks, "from", "value"));
            case "instruction" -> instruction(JsonLines.text(row, asks), input(row));
            default -> row.get(asks).isArray() ? dialogue(turns(row, asks, ROLE, CONTENT)) : text(row, asks);
        };
    }

    private static Prompt text(ObjectNode row, String column) {
        String prompt = JsonLines.text(row, column);
        if (prompt.isEmpty()) {
            throw new IllegalArgumentException("the " + column + " is empty");
        }
        return new Prompt(0, prompt);
    }

    private static Prompt instruction(String instruction, String input) {
        if (instruction.isBlank()) {
            throw new IllegalArgumentException("the instruction is empty");
        }
        return dialogue(List.of(new Message("user", input.isBlank() ? instruction : instruction + "\n\n" + input)));
    }

    private static String input(ObjectNode row) {
        if (row.has("input")) {
            return JsonLines.text(row, "input");
        }
        if (!row.has("instances")) {
            return "";
        }
        if (!(row.get("instances").path(0) instanceof ObjectNode first)) {
            throw new IllegalArgumentException("column \"instances\": expected a list of {\"input\": ...}");
        }
        return JsonLines.text(first, "input");
    }

    private static List<Message> turns(ObjectNode row, String column, String role, String content) {
        List<Message> turns = new ArrayList<>();
        for (JsonNode turn : row.get(column)) {
            if (!(turn instanceof ObjectNode object)) {
                throw new IllegalArgumentException("column \"" + column + "\", turn " + (turns.size() + 1)
                        + ": expected an object with \"" + role + "\" and \"" + content + "\"");
            }
            String speaker = JsonLines.text(object, role);
            turns.add(new Message(SPEAKERS.getOrDefault(speaker, speaker), JsonLines.text(object, content)));
        }
        return turns;
    }

    /** Up to the turn that is to be answered: answers at the end are what the model writes itself. */
    private static Prompt dialogue(List<Message> turns) {
        int end = turns.size();
        while (end > 0 && turns.get(end - 1).role().equals(ASSISTANT)) {
            end--;
        }
        if (end == 0) {
            throw new IllegalArgumentException("the dialogue has no turn to answer; expected one of a user at least");
        }
        return new Prompt(0, turns.get(end - 1).content(), turns.subList(0, end));
    }
}
