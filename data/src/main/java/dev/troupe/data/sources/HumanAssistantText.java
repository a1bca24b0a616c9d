package dev.troupe.data.sources;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A dialogue as one text, as hh-rlhf has it: an empty line, {@code Human:} or {@code Assistant:}, what is said. */
final class HumanAssistantText {
    private static final Pattern SPEAKER = Pattern.compile("(?:\\A\\s*|\\r?\\n\\r?\\n)(Human|Assistant):");

    private HumanAssistantText() {}

    /** Whether a text is one. */
    static boolean is(String text) {
        return SPEAKER.matcher(text).lookingAt();
    }

    /** Its turns, without white space around what is said; a turn that says nothing is empty. */
    static List<Message> turns(String text) {
        List<Message> turns = new ArrayList<>();
        Matcher speaker = SPEAKER.matcher(text);
        String role = "";
        int from = 0;
        while (speaker.find()) {
            if (!role.isEmpty()) {
                turns.add(
                        new Message(role, text.substring(from, speaker.start()).strip()));
            }
            role = speaker.group(1).equals("Human") ? Message.USER : Message.ASSISTANT;
            from = speaker.end();
        }
        turns.add(new Message(role, text.substring(from).strip()));
        return turns;
    }
}
