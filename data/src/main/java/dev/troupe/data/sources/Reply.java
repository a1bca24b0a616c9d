package dev.troupe.data.sources;

import java.util.List;
import java.util.stream.Collectors;

/**
 * What follows a prompt.
 *
 * @param text after a text, a space that parts the two included; of a dialogue what its turns say, to show it by
 * @param messages after a dialogue: its turns; none after a text
 */
public record Reply(String text, List<Message> messages) {
    /** Copies the turns. */
    public Reply {
        messages = List.copyOf(messages);
    }

    /** After a text. */
    public Reply(String text) {
        this(text, List.of());
    }

    /** After a dialogue. */
    static Reply of(List<Message> messages) {
        return new Reply(messages.stream().map(Message::content).collect(Collectors.joining("\n")), messages);
    }
}
