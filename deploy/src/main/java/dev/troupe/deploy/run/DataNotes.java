package dev.troupe.deploy.run;

import dev.troupe.data.DataSettings;
import dev.troupe.data.sources.Dialogue;
import dev.troupe.data.sources.Prompt;
import dev.troupe.data.sources.RowFiles;
import dev.troupe.data.sources.Rows;
import dev.troupe.data.sources.Sources;
import dev.troupe.data.sources.TrainingText;
import dev.troupe.deploy.eval.PromptTokens;
import dev.troupe.model.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What is to be said once about a file of rows: what was left out, columns that nobody reads, and what a chat template
 * is given and never mentions.
 */
public final class DataNotes {
    private DataNotes() {}

    /**
     * Of files of prompts.
     *
     * @param names as settings name them; what is no file is passed over
     * @param read columns that are read beside the prompts; null when any may be
     */
    public static List<String> ofPrompts(List<String> names, @Nullable Set<String> read, Tokenizer tokenizer) {
        List<String> notes = new ArrayList<>();
        Set<String> files = new LinkedHashSet<>(names);
        files.removeAll(List.of(Sources.STORIES, Sources.HELD_OUT));
        files.forEach(
                file -> notes.addAll(of(file, RowFiles.prompts(Path.of(file)), Prompt::dialogue, read, tokenizer)));
        return notes;
    }

    /** Of what an offline run learns from. */
    static List<String> ofTexts(DataSettings data, boolean pairs, Tokenizer tokenizer) {
        String file = pairs ? data.pairs() : data.texts();
        if (file.equals(Sources.STORIES)) {
            return List.of();
        }
        return pairs
                ? learned(
                        file,
                        RowFiles.pairs(Path.of(file)),
                        p -> p.prompt().dialogue().and(p.chosen().messages()),
                        tokenizer)
                : learned(file, RowFiles.texts(Path.of(file)), TrainingText::dialogue, tokenizer);
    }

    private static <T> List<String> learned(
            String file, Rows<T> rows, Function<T, Dialogue> dialogue, Tokenizer tokenizer) {
        List<String> notes = of(file, rows, dialogue, Set.of(), tokenizer);
        boolean rendered = rows.rows().stream().map(dialogue).anyMatch(d -> !d.isEmpty());
        if (rendered && !tokenizer.templateEndsAnswers()) {
            notes.add(file + ": the chat template does not end an answer with the end token, and a dialogue gets none"
                    + " beside it: a model that learns from these rows does not learn to stop");
        }
        return notes;
    }

    /**
     * Of the rows of a file.
     *
     * @param dialogue of a row; an empty one for a text
     * @param read columns that are read beside what the rows are; null when any may be
     */
    public static <T> List<String> of(
            String file,
            Rows<T> rows,
            Function<T, Dialogue> dialogue,
            @Nullable Set<String> read,
            Tokenizer tokenizer) {
        List<String> notes = new ArrayList<>(rows.notes());
        Set<String> unread = new TreeSet<>(rows.unread());
        unread.removeAll(read == null ? rows.unread() : read);
        if (!unread.isEmpty()) {
            notes.add(file + ": nobody reads the columns " + unread);
        }
        List<Dialogue> dialogues =
                rows.rows().stream().map(dialogue).filter(d -> !d.isEmpty()).toList();
        if (!dialogues.isEmpty()) {
            ignored(dialogues, tokenizer)
                    .forEach((name, count) -> notes.add(file + ": the chat template never mentions \"" + name
                            + "\", which " + count + " rows have: it is no part of their text"));
        }
        return notes;
    }

    private static Map<String, Integer> ignored(List<Dialogue> dialogues, Tokenizer tokenizer) {
        Map<String, Integer> counts = new TreeMap<>();
        for (Dialogue given : dialogues) {
            var dialogue = PromptTokens.dialogue(given);
            tokenizer.chatTemplate(dialogue).ignores(dialogue).forEach(name -> counts.merge(name, 1, Integer::sum));
        }
        return counts;
    }
}
