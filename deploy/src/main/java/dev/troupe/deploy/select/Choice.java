package dev.troupe.deploy.select;

import dev.troupe.data.sources.Dialogue;
import dev.troupe.data.sources.Message;
import dev.troupe.data.sources.Prompt;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which of a prompt's completions become rows of the data set, and of which shape. */
public sealed interface Choice {

    /** The rows of a prompt, from completions that all have a reward. */
    List<Map<String, Object>> rows(Prompt prompt, List<Scored> completions);

    /** The best completion, the first of equals: {@code prompt}, {@code completion}, {@code reward}. */
    record Best() implements Choice {
        @Override
        public List<Map<String, Object>> rows(Prompt prompt, List<Scored> completions) {
            return completions.stream()
                    .max(Comparator.comparingDouble(Scored::reward))
                    .map(best -> List.of(row(prompt, first(completions, best.reward()))))
                    .orElse(List.of());
        }
    }

    /** Rejection sampling: each different completion whose reward is at least {@code threshold}; rows as of Best. */
    record AtLeast(double threshold) implements Choice {
        @Override
        public List<Map<String, Object>> rows(Prompt prompt, List<Scored> completions) {
            Set<String> seen = new HashSet<>();
            return completions.stream()
                    .filter(c -> c.reward() >= threshold && seen.add(c.text()))
                    .map(c -> row(prompt, c))
                    .toList();
        }
    }

    /**
     * The best against the worst: {@code prompt}, {@code chosen}, {@code rejected}, their rewards and the difference;
     * none where all rewards are equal.
     */
    record Pairs() implements Choice {
        @Override
        public List<Map<String, Object>> rows(Prompt prompt, List<Scored> completions) {
            double best = completions.stream().mapToDouble(Scored::reward).max().orElse(0);
            double worst =
                    completions.stream().mapToDouble(Scored::reward).min().orElse(0);
            if (!(best > worst)) {
                return List.of();
            }
            Map<String, Object> row = new LinkedHashMap<>();
            row.putAll(asked(prompt));
            row.put("chosen", said(prompt, first(completions, best)));
            row.put("rejected", said(prompt, first(completions, worst)));
            row.put("score_chosen", best);
            row.put("score_rejected", worst);
            row.put("margin", best - worst);
            return List.of(row);
        }
    }

    private static Scored first(List<Scored> completions, double reward) {
        return completions.stream()
                .filter(c -> c.reward() == reward)
                .findFirst()
                .orElseThrow();
    }

    private static Map<String, Object> row(Prompt prompt, Scored completion) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.putAll(asked(prompt));
        row.put("completion", said(prompt, completion));
        row.put("reward", completion.reward());
        if (completion.verdict().rewards().size() > 1) {
            row.put("rewards", completion.verdict().rewards());
        }
        return row;
    }

    /** A text, or a dialogue as its turns with what else the chat template reads: the field's conversational rows. */
    private static Map<String, Object> asked(Prompt prompt) {
        if (!prompt.isDialogue()) {
            return Map.of("prompt", prompt.text());
        }
        Dialogue dialogue = prompt.dialogue();
        List<Message> turns = dialogue.messages();
        Map<String, Object> asked = new LinkedHashMap<>();
        // The beginning of an answer belongs to the answer, so that each is one turn wherever the row is read.
        asked.put("prompt", turns.subList(0, asked(dialogue)));
        if (!dialogue.tools().isEmpty()) {
            asked.put("tools", dialogue.tools());
        }
        if (!dialogue.arguments().isEmpty()) {
            asked.put("chat_template_kwargs", dialogue.arguments());
        }
        return asked;
    }

    /** What the model said, as one more turn of a dialogue. */
    private static Object said(Prompt prompt, Scored completion) {
        List<Message> said = List.of(new Message("assistant", completion.text()));
        return prompt.isDialogue()
                ? prompt.dialogue().and(said).messages().subList(asked(prompt.dialogue()), asked(prompt.dialogue()) + 1)
                : completion.text();
    }

    /** How many turns ask. */
    private static int asked(Dialogue dialogue) {
        return dialogue.messages().size() - (dialogue.endsWithAssistant() ? 1 : 0);
    }
}
