package dev.troupe.data.sources;

import dev.troupe.data.DataException;
import dev.troupe.data.DataSettings;
import dev.troupe.data.rewards.RuleRewards;
import dev.troupe.data.stories.Split;
import dev.troupe.data.stories.StoryDraws;
import dev.troupe.data.stories.StoryGrammar;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;
import java.util.stream.LongStream;

/** Opens the sources that the settings name. */
public final class Sources {
    /** The settings' word for the built-in grammar. */
    public static final String STORIES = "stories";

    /** The settings' word for rows that are kept from training. */
    public static final String HELD_OUT = "held-out";

    /** Held-out rows must not move with the run's seed: results of different runs are compared on them. */
    private static final long HELD_OUT_SEED = 2_024;

    /** Enough to meet every held-out opening of the grammar (about two thousand) many times over. */
    private static final long MOST_DRAWS = 30_000;

    private Sources() {}

    /** Training prompts, by draw number; those that {@code eval.prompts = held-out} keeps are not among them. */
    public static Source<Prompt> prompts(DataSettings settings, long seed) {
        if (settings.prompts().equals(STORIES)) {
            StoryDraws draws = new StoryDraws(StoryGrammar.stories(), seed, Split.TRAIN);
            return numbered(stories(n -> new Prompt(n, draws.opening(n))));
        }
        List<Prompt> rows = settings.evalPrompts().equals(HELD_OUT)
                ? promptSplit(settings).train()
                : shortEnough(settings, "data.prompts", settings.prompts());
        return numbered(new ShuffledRows<>(settings.prompts(), rows, seed));
    }

    /**
     * The prompts to evaluate on, numbered from 0: {@code eval.count} of them, or all of a file that has fewer.
     */
    public static List<Prompt> evaluation(DataSettings settings) {
        List<Prompt> rows = switch (settings.evalPrompts()) {
            case STORIES ->
                distinctOpenings(settings.evalSeed(), settings.evalCount()).stream()
                        .map(text -> new Prompt(0, text))
                        .toList();
            case HELD_OUT -> promptSplit(settings).heldOut();
            default -> shortEnough(settings, "eval.prompts", settings.evalPrompts());
        };
        return LongStream.range(0, Math.min(settings.evalCount(), rows.size()))
                .mapToObj(n -> rows.get((int) n).at(n))
                .toList();
    }

    /** The file of {@code data.prompts} in two, each prompt in one of them only, however often its row is repeated. */
    private static Partition<Prompt> promptSplit(DataSettings settings) {
        if (settings.prompts().equals(STORIES)) {
            throw new DataException("eval.prompts = " + HELD_OUT + ": data.prompts = " + STORIES
                    + " holds openings out by itself (eval.prompts = " + STORIES
                    + "); expected a file of prompts in data.prompts");
        }
        Map<Object, Prompt> distinct = new LinkedHashMap<>();
        shortEnough(settings, "data.prompts", settings.prompts())
                .forEach(prompt -> distinct.putIfAbsent(prompt.asked(), prompt));
        if (settings.evalCount() > distinct.size() / 2) {
            throw new DataException("eval.count = " + settings.evalCount() + ": data.prompts = " + settings.prompts()
                    + " has " + distinct.size() + " different prompts, of which at most half are held out; lower it");
        }
        return Partition.of(List.copyOf(distinct.values()), settings.evalCount());
    }

    private static List<Prompt> shortEnough(DataSettings settings, String key, String file) {
        int most = settings.promptCharacters();
        List<Prompt> rows = RowFiles.prompts(file(key, file)).rows().stream()
                .filter(prompt -> most == 0 || prompt.characters() <= most)
                .toList();
        if (rows.isEmpty()) {
            throw new DataException("data.max_prompt_characters = " + most + ": no prompt of " + key + " = " + file
                    + " is as short as that");
        }
        return rows;
    }

    /** Training texts for the next-token loss, by draw number. */
    public static Source<TrainingText> texts(DataSettings settings, long seed) {
        if (settings.texts().equals(STORIES)) {
            StoryDraws draws = new StoryDraws(StoryGrammar.stories(), seed, Split.TRAIN);
            return stories(n -> new TrainingText(draws.story(n).text()));
        }
        List<TrainingText> rows =
                RowFiles.texts(file("data.texts", settings.texts())).rows();
        return new ShuffledRows<>(
                settings.texts(), Partition.of(rows, tenth(settings, rows)).train(), seed);
    }

    /** Texts that training never sees. */
    public static List<TrainingText> heldOutTexts(DataSettings settings) {
        if (settings.texts().equals(STORIES)) {
            StoryDraws draws = new StoryDraws(StoryGrammar.stories(), HELD_OUT_SEED, Split.HELD_OUT);
            return LongStream.range(0, settings.heldOut())
                    .mapToObj(n -> new TrainingText(draws.story(n).text()))
                    .toList();
        }
        List<TrainingText> rows =
                RowFiles.texts(file("data.texts", settings.texts())).rows();
        return Partition.of(rows, tenth(settings, rows)).heldOut();
    }

    /** Training pairs for the reward model, by draw number. */
    public static Source<PreferencePair> pairs(DataSettings settings, long seed) {
        if (settings.pairs().equals(STORIES)) {
            return new StoryPairs(seed, Split.TRAIN, RuleRewards.sentiment(settings), settings.pairsMargin());
        }
        List<PreferencePair> rows =
                RowFiles.pairs(file("data.pairs", settings.pairs())).rows();
        return new ShuffledRows<>(
                settings.pairs(), Partition.of(rows, tenth(settings, rows)).train(), seed);
    }

    /** Pairs that training never sees. */
    public static List<PreferencePair> heldOutPairs(DataSettings settings) {
        if (settings.pairs().equals(STORIES)) {
            StoryPairs pairs = new StoryPairs(
                    HELD_OUT_SEED, Split.HELD_OUT, RuleRewards.sentiment(settings), settings.pairsMargin());
            return LongStream.range(0, settings.heldOut()).mapToObj(pairs::draw).toList();
        }
        List<PreferencePair> rows =
                RowFiles.pairs(file("data.pairs", settings.pairs())).rows();
        return Partition.of(rows, tenth(settings, rows)).heldOut();
    }

    private static List<String> distinctOpenings(long seed, int count) {
        StoryDraws draws = new StoryDraws(StoryGrammar.stories(), seed, Split.HELD_OUT);
        List<String> openings = LongStream.range(0, MOST_DRAWS)
                .mapToObj(draws::opening)
                .distinct()
                .limit(count)
                .toList();
        if (openings.size() < count) {
            throw new DataException("eval.count = " + count + ": the stories keep only " + openings.size()
                    + " openings from training; lower it or name a file in eval.prompts");
        }
        return openings;
    }

    private static int tenth(DataSettings settings, List<?> rows) {
        return Math.min(settings.heldOut(), rows.size() / 10);
    }

    /**
     * The training prompts with a completion of each, by the same draw numbers as {@link #prompts}: the grammar's
     * story, or the column {@code completion} of the file's row.
     *
     * @throws DataException naming the first row that has none
     */
    public static Source<CompletedPrompt> completions(DataSettings settings, long seed) {
        if (settings.prompts().equals(STORIES)) {
            StoryDraws draws = new StoryDraws(StoryGrammar.stories(), seed, Split.TRAIN);
            return stories(n -> new CompletedPrompt(
                    new Prompt(n, draws.story(n).opening()),
                    new Reply(draws.story(n).rest())));
        }
        Source<Prompt> prompts = prompts(settings, seed);
        for (long n = 0; n < prompts.size(); n++) {
            completed(prompts.draw(n));
        }
        return new Source<>() {
            @Override
            public String name() {
                return prompts.name();
            }

            @Override
            public long size() {
                return prompts.size();
            }

            @Override
            public CompletedPrompt draw(long n) {
                return completed(prompts.draw(n));
            }
        };
    }

    private static CompletedPrompt completed(Prompt prompt) {
        try {
            return new CompletedPrompt(prompt, PromptRows.completion(prompt));
        } catch (IllegalArgumentException e) {
            throw new DataException(
                    "data.prompts = " + prompt.where() + ": " + e.getMessage() + " of the prompt \"" + prompt.text()
                            + "\"",
                    e);
        }
    }

    /** The file that a setting names. */
    private static Path file(String key, String name) {
        if (!Files.exists(Path.of(name))) {
            throw new DataException(
                    key + " = " + name + ": no such file; expected \"" + STORIES + "\" or a JSONL file, plain or .gz");
        }
        return Path.of(name);
    }

    private static Source<Prompt> numbered(Source<Prompt> rows) {
        return new Source<>() {
            @Override
            public String name() {
                return rows.name();
            }

            @Override
            public long size() {
                return rows.size();
            }

            @Override
            public Prompt draw(long n) {
                return rows.draw(n).at(n);
            }
        };
    }

    private static <T> Source<T> stories(LongFunction<T> draw) {
        return new Source<>() {
            @Override
            public String name() {
                return STORIES;
            }

            @Override
            public long size() {
                return ENDLESS;
            }

            @Override
            public T draw(long n) {
                return draw.apply(n);
            }
        };
    }

    /** A file's rows in two, evenly spaced, whatever the seed. */
    private record Partition<T>(List<T> train, List<T> heldOut) {
        static <T> Partition<T> of(List<T> rows, int kept) {
            List<T> train = new ArrayList<>();
            List<T> heldOut = new ArrayList<>();
            for (int i = 0; i < rows.size(); i++) {
                boolean keep = (long) i * kept / rows.size() != (long) (i + 1) * kept / rows.size();
                (keep ? heldOut : train).add(rows.get(i));
            }
            return new Partition<>(train, heldOut);
        }
    }
}
