package dev.troupe.data.sources;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything of a row that a chat template reads.
 *
 * @param messages its turns; none for a plain text
 * @param tools the functions that the model may call, as JSON
 * @param arguments further names for the template, such as {@code enable_thinking}
 */
public record Dialogue(List<Message> messages, List<Object> tools, Map<String, Object> arguments) {
    /** What a plain text has. */
    public static final Dialogue NONE = new Dialogue(List.of());

    /** Keeps the order of the names. */
    public Dialogue {
        messages = List.copyOf(messages);
        tools = Collections.unmodifiableList(new ArrayList<>(tools));
        arguments = Collections.unmodifiableMap(new LinkedHashMap<>(arguments));
    }

    /** Turns alone. */
    public Dialogue(List<Message> messages) {
        this(messages, List.of(), Map.of());
    }

    /** Whether there is none. */
    public boolean isEmpty() {
        return messages.isEmpty();
    }

    /** Whether its last turn is the model's: of a prompt, the beginning that the model goes on from. */
    public boolean endsWithAssistant() {
        return !isEmpty() && messages.get(messages.size() - 1).isAssistant();
    }

    /**
     * The dialogue gone on with. Where it ends with the beginning of the model's answer, a model's turn that follows
     * joins it.
     */
    public Dialogue and(List<Message> more) {
        List<Message> all = new ArrayList<>(messages);
        List<Message> rest = more;
        if (endsWithAssistant() && !more.isEmpty() && more.get(0).isAssistant()) {
            Message begun = all.remove(all.size() - 1);
            Map<String, Object> joined = new LinkedHashMap<>(begun.values());
            joined.putAll(more.get(0).values());
            all.add(new Message(joined).saying(begun.content() + more.get(0).content()));
            rest = more.subList(1, more.size());
        }
        all.addAll(rest);
        return new Dialogue(all, tools, arguments);
    }

    /** Characters of all texts in it, roles aside. */
    int characters() {
        return messages.stream()
                        .mapToInt(m -> characters(m.values()) - m.role().length())
                        .sum()
                + characters(tools)
                + characters(arguments);
    }

    private static int characters(Object value) {
        if (value instanceof String text) {
            return text.length();
        }
        Collection<?> inner =
                value instanceof Map<?, ?> map ? map.values() : value instanceof Collection<?> list ? list : List.of();
        return inner.stream()
                .filter(java.util.Objects::nonNull)
                .mapToInt(Dialogue::characters)
                .sum();
    }
}
