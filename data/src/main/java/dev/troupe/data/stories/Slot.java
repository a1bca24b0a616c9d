package dev.troupe.data.stories;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** One sentence's place in a story, with all forms that it may take. */
final class Slot {
    private final String name;
    private final boolean optional;
    private final Map<Mood, List<List<Part>>> forms = new EnumMap<>(Mood.class);
    private final List<List<Part>> all = new ArrayList<>();

    Slot(String name, boolean optional) {
        this.name = name;
        this.optional = optional;
    }

    String name() {
        return name;
    }

    boolean optional() {
        return optional;
    }

    void add(Mood mood, List<Part> form) {
        forms.computeIfAbsent(mood, m -> new ArrayList<>()).add(form);
        all.add(form);
    }

    List<List<Part>> forms(Mood mood) {
        return forms.getOrDefault(mood, List.of());
    }

    List<List<Part>> all() {
        return Collections.unmodifiableList(all);
    }
}
