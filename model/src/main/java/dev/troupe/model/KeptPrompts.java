package dev.troupe.model;

import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The prompts that an engine computed last under its live weights: a prompt's next completion, begun later, computes it
 * no second time. Those that were asked for longest ago go first.
 */
final class KeptPrompts {
    private final int most;
    private final Map<List<Integer>, Computed> prompts = new LinkedHashMap<>(16, 0.75f, true);

    /** A prompt's place in what a pass made of several; the others may keep the pass alive. */
    record Computed(TensorList pass, int row) {}

    KeptPrompts(int most) {
        this.most = most;
    }

    /** What a prompt is known by: its tokens. */
    static List<Integer> key(int[] prompt) {
        return Arrays.stream(prompt).boxed().toList();
    }

    /** Whether a prompt is kept; counts as asking for it. */
    boolean has(List<Integer> key) {
        return prompts.get(key) != null;
    }

    /** A prompt that is kept. */
    Computed get(List<Integer> key) {
        return Objects.requireNonNull(prompts.get(key));
    }

    /** Keeps the prompts that a pass has computed, in its order, and lets the oldest go. */
    void keep(List<int[]> computed, TensorList pass) {
        for (int row = 0; row < computed.size(); row++) {
            prompts.put(key(computed.get(row)), new Computed(pass, row));
            if (prompts.size() > most) {
                letGoOfTheOldest();
            }
        }
    }

    /** Frees a pass once no prompt of it is kept any more. */
    private void letGoOfTheOldest() {
        Iterator<Computed> oldestFirst = prompts.values().iterator();
        Computed gone = oldestFirst.next();
        oldestFirst.remove();
        if (prompts.values().stream().noneMatch(p -> p.pass == gone.pass)) {
            gone.pass.close();
        }
    }

    /** Lets all go: the weights have changed. */
    void forget() {
        prompts.values().forEach(p -> p.pass.close());
        prompts.clear();
    }
}
