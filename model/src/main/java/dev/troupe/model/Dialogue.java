package dev.troupe.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What a chat template makes a text of.
 *
 * @param messages the turns
 * @param tools functions that the model may call, as JSON schemas; empty for none
 * @param arguments further names that the template may read, such as {@code enable_thinking}; they go before the
 *     special tokens of the same names
 */
public record Dialogue(List<ChatMessage> messages, List<Object> tools, Map<String, Object> arguments) {
    /** Names for what a model thought before it spoke; older templates read older ones. */
    private static final List<String> REASONING = List.of("reasoning_content", "thinking", "reasoning");

    /** Keeps the order of the names. */
    public Dialogue {
        messages = List.copyOf(messages);
        tools = Collections.unmodifiableList(new ArrayList<>(tools));
        arguments = Collections.unmodifiableMap(new LinkedHashMap<>(arguments));
    }

    /** Turns alone. */
    public Dialogue(List<ChatMessage> messages) {
        this(messages, List.of(), Map.of());
    }

    /** Whether its last turn is the model's: of a prompt, the beginning that the model goes on from. */
    public boolean endsWithAssistant() {
        return !messages.isEmpty() && messages.get(messages.size() - 1).isAssistant();
    }

    /** The last turn, which must be there. */
    ChatMessage last() {
        return messages.get(messages.size() - 1);
    }

    /** The same dialogue with another last turn. */
    Dialogue withLast(ChatMessage turn) {
        List<ChatMessage> changed = new ArrayList<>(messages.subList(0, messages.size() - 1));
        changed.add(turn);
        return new Dialogue(changed, tools, arguments);
    }

    /**
     * The names that a template sees, as transformers gives them: {@code messages} without keys that are null and with
     * what was thought under each of its names, {@code tools} and {@code documents} (null where there are none), and
     * the arguments.
     */
    Map<String, Object> names() {
        Map<String, Object> names = new HashMap<>();
        names.put("messages", messages.stream().map(Dialogue::turn).toList());
        names.put("tools", tools.isEmpty() ? null : tools);
        names.put("documents", null);
        names.putAll(arguments);
        return names;
    }

    /** Names that only some templates read, each with those under which a template may read it. */
    Map<String, List<String>> optionalNames() {
        Map<String, List<String>> names = new LinkedHashMap<>();
        if (!tools.isEmpty()) {
            names.put("tools", List.of("tools"));
        }
        arguments.keySet().forEach(name -> names.put(name, List.of(name)));
        for (ChatMessage message : messages) {
            message.values().keySet().stream()
                    .filter(key -> !key.equals("role") && !key.equals("content"))
                    .forEach(key -> names.put(key, REASONING.contains(key) ? REASONING : List.of(key)));
        }
        return names;
    }

    private static Map<String, Object> turn(ChatMessage message) {
        Map<String, Object> said = new LinkedHashMap<>(message.values());
        said.values().removeIf(Objects::isNull);
        Object thought = REASONING.stream()
                .map(said::get)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
        if (thought == null) {
            return said;
        }
        // The order of the keys as transformers has it, for templates that write turns as JSON.
        Map<String, Object> turn = new LinkedHashMap<>();
        turn.put("thinking", thought);
        turn.putAll(said);
        turn.put("reasoning_content", thought);
        return turn;
    }
}
