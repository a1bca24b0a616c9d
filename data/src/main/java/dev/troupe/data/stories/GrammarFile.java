package dev.troupe.data.stories;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the text form of a grammar; the form itself is described at the top of {@code stories-grammar.txt}. */
final class GrammarFile {
    private final String name;
    private final Map<String, List<String>> classes = new LinkedHashMap<>();
    private final List<Slot> slots = new ArrayList<>();

    private GrammarFile(String name) {
        this.name = name;
    }

    static GrammarFile parse(String name, List<String> lines) {
        GrammarFile file = new GrammarFile(name);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            try {
                file.line(line);
            } catch (IllegalArgumentException e) {
                throw new IllegalStateException(name + ":" + (i + 1) + ": " + e.getMessage(), e);
            }
        }
        return file;
    }

    List<Slot> slots() {
        return slots;
    }

    List<String> words(String name) {
        List<String> words = classes.get(name);
        if (words == null) {
            throw new IllegalArgumentException(
                    "no class \"" + name + "\" in " + this.name + "; there are " + classes.keySet());
        }
        return words;
    }

    private void line(String line) {
        if (line.startsWith("class ")) {
            int equals = line.indexOf('=');
            if (equals < 0) {
                throw new IllegalArgumentException("expected \"class NAME = a | b\"");
            }
            List<String> words = new ArrayList<>();
            for (String word : line.substring(equals + 1).split("\\|", -1)) {
                words.add(word.strip());
            }
            classes.put(line.substring("class ".length(), equals).strip(), List.copyOf(words));
        } else if (line.startsWith("slot ")) {
            boolean optional = line.endsWith(" optional");
            String rest = line.substring("slot ".length());
            slots.add(new Slot(optional ? rest.substring(0, rest.length() - " optional".length()) : rest, optional));
        } else {
            int colon = line.indexOf(':');
            if (colon < 0 || slots.isEmpty()) {
                throw new IllegalArgumentException("expected \"MOOD: sentence\" under a slot");
            }
            String separator = slots.size() == 1 ? "" : " ";
            slots.get(slots.size() - 1)
                    .add(
                            Mood.parse(line.substring(0, colon)),
                            parts(separator + line.substring(colon + 1).strip()));
        }
    }

    private List<Part> parts(String sentence) {
        List<Part> parts = new ArrayList<>();
        int at = 0;
        while (at < sentence.length()) {
            int open = sentence.indexOf('{', at);
            if (open < 0) {
                parts.add(new Part.Literal(sentence.substring(at)));
                break;
            }
            if (open > at) {
                parts.add(new Part.Literal(sentence.substring(at, open)));
            }
            int close = sentence.indexOf('}', open);
            if (close < 0) {
                throw new IllegalArgumentException("\"{\" without \"}\"");
            }
            parts.add(part(sentence.substring(open + 1, close)));
            at = close + 1;
        }
        return List.copyOf(parts);
    }

    private Part part(String key) {
        return switch (key) {
            case "N" -> new Part.Hero();
            case "He" -> new Part.Pronoun("She", "He");
            case "he" -> new Part.Pronoun("she", "he");
            case "his" -> new Part.Pronoun("her", "his");
            case "him" -> new Part.Pronoun("her", "him");
            default -> new Part.Pick(words(key));
        };
    }
}
