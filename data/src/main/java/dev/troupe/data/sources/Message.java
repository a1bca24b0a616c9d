package dev.troupe.data.sources;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One turn of a dialogue, as the keys and values that a chat template reads: {@code role}, {@code content}, and what
 * else its row has, such as {@code tool_calls}.
 */
public record Message(Map<String, Object> values) {
    static final String ROLE = "role";
    static final String CONTENT = "content";
    static final String ASSISTANT = "assistant";
    static final String USER = "user";

    /** Keeps the order of the keys. */
    public Message {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** A turn that only says something. */
    public Message(String role, String content) {
        this(ordered(role, content));
    }

    private static Map<String, Object> ordered(String role, String content) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put(ROLE, role);
        values.put(CONTENT, content);
        return values;
    }

    /** As JSON writes it. */
    @JsonValue
    @Override
    public Map<String, Object> values() {
        return values;
    }

    /** Who speaks: {@code system}, {@code user}, {@code assistant}, {@code tool}, or another word of the template's. */
    public String role() {
        return String.valueOf(values.get(ROLE));
    }

    /** What was said; empty for a turn that has no content, as one that only calls a tool. */
    public String content() {
        return values.get(CONTENT) instanceof String said ? said : "";
    }

    /** Whether it is the model's. */
    public boolean isAssistant() {
        return role().equals(ASSISTANT);
    }

    /** The same turn with another content. */
    public Message saying(String content) {
        Map<String, Object> changed = new LinkedHashMap<>(values);
        changed.put(CONTENT, content);
        return new Message(changed);
    }
}
