package dev.troupe.data.sources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Turns of a dialogue in a row: objects with {@code role} or {@code from}, and {@code content}, {@code value} or
 * {@code text}. Their other keys travel with them.
 */
final class Turns {
    private static final List<String> WHO = List.of(Message.ROLE, "from");
    private static final List<String> WHAT = List.of(Message.CONTENT, "value", "text");
    private static final String TOOL_CALLS = "tool_calls";
    /** A turn of the model that has one of these may say nothing. */
    private static final Set<String> INSTEAD =
            Set.of(TOOL_CALLS, "function_call", "reasoning_content", "reasoning", "thinking");

    private Turns() {}

    /**
     * The turns under a column: a list of them, or one alone.
     *
     * @throws IllegalArgumentException naming column and turn
     */
    static List<Message> of(Row row, String column) {
        JsonNode value = row.get(column);
        if (value.isObject()) {
            return List.of(turn(value, column, 1));
        }
        if (!value.isArray()) {
            throw new IllegalArgumentException(
                    "column \"" + column + "\" is " + Row.kind(value) + ", expected a list of turns");
        }
        List<Message> turns = new ArrayList<>();
        for (JsonNode turn : value) {
            turns.add(turn(turn, column, turns.size() + 1));
        }
        return turns;
    }

    private static Message turn(JsonNode turn, String column, int number) {
        try {
            if (!(turn instanceof ObjectNode object)) {
                throw new IllegalArgumentException(
                        "found " + Row.kind(turn) + ", expected an object with \"role\" and \"content\"");
            }
            Message message = message(object);
            requireSomething(message);
            return message;
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("column \"" + column + "\", turn " + number + ": " + e.getMessage(), e);
        }
    }

    private static Message message(ObjectNode turn) {
        String who = key(turn, WHO);
        String what = WHAT.stream().filter(turn::has).findFirst().orElse(Message.CONTENT);
        if (!turn.get(who).isTextual()) {
            throw new IllegalArgumentException("\"" + who + "\" is " + Row.kind(turn.get(who)) + ", expected a string");
        }
        String word = turn.get(who).textValue();
        String role = who.equals(Message.ROLE) ? Speakers.ofRole(word) : Speakers.ofFrom(word);
        Map<String, Object> values = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> field : turn.properties()) {
            String key = field.getKey();
            if (key.equals(who)) {
                values.put(Message.ROLE, role.equals(Speakers.CALL) ? Message.ASSISTANT : role);
            } else if (key.equals(what) && role.equals(Speakers.CALL)) {
                values.put(Message.CONTENT, "");
                values.put(TOOL_CALLS, ToolCalls.of(field.getValue()));
            } else if (!field.getValue().isNull()) {
                values.put(
                        key.equals(what) ? Message.CONTENT : key,
                        key.equals(what) ? Contents.of(field.getValue(), role) : Row.value(field.getValue()));
            }
        }
        return new Message(values);
    }

    private static String key(ObjectNode turn, List<String> names) {
        return names.stream()
                .filter(turn::hasNonNull)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "no \"" + names.get(0) + "\" or \"" + names.get(1) + "\"; it has " + keys(turn)));
    }

    private static Set<String> keys(ObjectNode turn) {
        Set<String> keys = new TreeSet<>();
        turn.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    private static void requireSomething(Message turn) {
        Object calls = turn.values().get(TOOL_CALLS);
        if (calls != null && !(calls instanceof List<?>)) {
            throw new IllegalArgumentException("\"" + TOOL_CALLS + "\" is no list");
        }
        boolean instead = turn.isAssistant()
                && turn.values().entrySet().stream()
                        .anyMatch(e -> INSTEAD.contains(e.getKey()) && filled(e.getValue()));
        if (!turn.values().containsKey(Message.CONTENT) && !instead) {
            throw new IllegalArgumentException("it has no content (none at all, or null)"
                    + (turn.isAssistant() ? " and no \"" + TOOL_CALLS + "\"" : ""));
        }
        boolean speaks = turn.isAssistant() || turn.role().equals(Message.USER);
        if (speaks && turn.content().isEmpty() && !instead) {
            throw new IllegalArgumentException("its content is empty");
        }
    }

    private static boolean filled(Object value) {
        return !(value instanceof List<?> list && list.isEmpty()) && !value.equals("");
    }
}
