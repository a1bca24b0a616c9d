package dev.troupe.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One turn of a dialogue, as the keys and values that a chat template reads: {@code role}, {@code content} and others,
 * such as {@code tool_calls}. Values are JSON's: texts, numbers, booleans, lists, maps and null; none is ever read as a
 * template.
 */
public record ChatMessage(Map<String, Object> values) {
    private static final String CONTENT = "content";

    /** Keeps the order of the keys. */
    public ChatMessage {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** A turn that only says something. */
    public ChatMessage(String role, String content) {
        this(ordered(role, content));
    }

    private static Map<String, Object> ordered(String role, String content) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("role", role);
        values.put(CONTENT, content);
        return values;
    }

    /** Whether it is the model's. */
    boolean isAssistant() {
        return "assistant".equals(values.get("role"));
    }

    /** What it says; empty where it has no content that is a text. */
    String content() {
        return values.get(CONTENT) instanceof String said ? said : "";
    }

    /** The same turn with another content. */
    ChatMessage saying(String content) {
        Map<String, Object> changed = new LinkedHashMap<>(values);
        changed.put(CONTENT, content);
        return new ChatMessage(changed);
    }
}
