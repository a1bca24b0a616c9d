package dev.troupe.data.sources;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The columns beside a prompt that shape it: {@code system} (or {@code system_prompt}), {@code history} (pairs of what
 * a user and the model said before), {@code tools}, {@code documents} and {@code chat_template_kwargs}.
 */
final class DialogueContext {
    private static final List<String> SYSTEM = List.of("system", "system_prompt");
    private static final String HISTORY = "history";
    private static final String TOOLS = "tools";
    private static final String DOCUMENTS = "documents";
    private static final String ARGUMENTS = "chat_template_kwargs";
    /** Names that are the template's own. */
    private static final Set<String> TAKEN =
            Set.of("messages", TOOLS, "add_generation_prompt", "continue_final_message", "chat_template");
    /** Columns that shape a prompt of models that see or hear. */
    private static final List<String> MEDIA = List.of("image", "images", "video", "videos", "audio", "audios");

    private final Row row;
    private final Set<String> used = new TreeSet<>();
    private final @Nullable String system;
    private final List<Message> before = new ArrayList<>();
    private final List<Object> tools;
    private final Map<String, Object> arguments = new LinkedHashMap<>();

    /** @throws IllegalArgumentException naming a column that is not as it must be, or that cannot be used */
    DialogueContext(Row row) {
        this.row = row;
        requireTextOnly();
        this.system = system();
        history();
        JsonNode given = json(TOOLS);
        this.tools = given == null ? List.of() : objects(TOOLS, given);
        if (row.get(DOCUMENTS).isArray() && row.get(DOCUMENTS).path(0).isObject()) {
            used.add(DOCUMENTS);
            arguments.put(DOCUMENTS, objects(DOCUMENTS, row.get(DOCUMENTS)));
        }
        arguments();
    }

    /** The columns that shape the prompt, if it is a dialogue. */
    Set<String> used() {
        return used;
    }

    /** Whether a text beside them is what a user says. */
    boolean makesDialogues() {
        return used.stream().anyMatch(column -> !column.equals(DOCUMENTS));
    }

    /** Turns with what comes before them, and with what the template gets beside them. */
    Dialogue around(List<Message> turns) {
        List<Message> all = new ArrayList<>();
        boolean said = !turns.isEmpty() && turns.get(0).role().equals("system");
        if (said
                && system != null
                && !system.isEmpty()
                && !turns.get(0).content().equals(system)) {
            throw new IllegalArgumentException("the row has a system text in a column and another one in its turns");
        }
        if (said) {
            all.add(turns.get(0));
        } else if (system != null && !system.isEmpty()) {
            all.add(new Message("system", system));
        }
        all.addAll(before);
        all.addAll(said ? turns.subList(1, turns.size()) : turns);
        return new Dialogue(all, tools, arguments);
    }

    private void requireTextOnly() {
        for (String column : MEDIA) {
            if (row.filled(column)) {
                throw new IllegalArgumentException("column \"" + column + "\": only text is read; leave such rows out");
            }
        }
        if (row.filled("chat_template")) {
            throw new IllegalArgumentException(
                    "column \"chat_template\": a row cannot bring a template of its own; one holds for all rows");
        }
    }

    private @Nullable String system() {
        String found = null;
        for (String column : SYSTEM) {
            if (row.has(column)) {
                String text = row.text(column);
                if (found != null && !found.equals(text)) {
                    throw new IllegalArgumentException("columns " + SYSTEM + " differ; expected one of them");
                }
                found = text;
                used.add(column);
            }
        }
        return found;
    }

    private void history() {
        if (!row.has(HISTORY)) {
            return;
        }
        used.add(HISTORY);
        JsonNode history = row.get(HISTORY);
        if (history.path(0).isObject()) {
            before.addAll(Turns.of(row, HISTORY));
            return;
        }
        int number = 0;
        for (JsonNode pair : history.isArray() ? history : List.of(history)) {
            number++;
            if (pair.size() != 2 || !pair.path(0).isTextual() || !pair.path(1).isTextual()) {
                throw new IllegalArgumentException(
                        "column \"history\": expected a list of pairs [what the user said, what the model said]");
            }
            if (pair.get(0).textValue().isEmpty() || pair.get(1).textValue().isEmpty()) {
                throw new IllegalArgumentException("column \"history\", pair " + number + ": an empty turn");
            }
            before.add(new Message(Message.USER, pair.get(0).textValue()));
            before.add(new Message(Message.ASSISTANT, pair.get(1).textValue()));
        }
    }

    private void arguments() {
        JsonNode given = json(ARGUMENTS);
        if (given == null) {
            return;
        }
        if (!(given instanceof ObjectNode object)) {
            throw new IllegalArgumentException(
                    "column \"" + ARGUMENTS + "\" is " + Row.kind(given) + ", expected an object");
        }
        Row.map(object).forEach((name, value) -> {
            if (TAKEN.contains(name)) {
                throw new IllegalArgumentException(
                        "column \"" + ARGUMENTS + "\" sets " + name + ", which is not for a row to set");
            }
            arguments.put(name, value);
        });
    }

    /** A column that is filled, as it is or as JSON in a text. */
    private @Nullable JsonNode json(String column) {
        if (!row.filled(column)) {
            return null;
        }
        used.add(column);
        JsonNode value = row.get(column);
        if (!value.isTextual()) {
            return value;
        }
        JsonNode read = StrictJson.inside("the text in column \"" + column + "\"", value.textValue());
        return read.isNull() ? null : read;
    }

    private static List<Object> objects(String column, JsonNode list) {
        List<Object> objects = new ArrayList<>();
        for (JsonNode each : list.isArray() ? list : List.of(list)) {
            if (!(each instanceof ObjectNode object) || !list.isArray()) {
                throw new IllegalArgumentException("column \"" + column + "\": expected a list of objects, or the JSON"
                        + " text of one; found " + (list.isArray() ? Row.kind(each) + " in it" : Row.kind(list)));
            }
            objects.add(Row.map(object));
        }
        return objects;
    }
}
