package dev.troupe.deploy.run;

import dev.troupe.data.DataSettings;
import dev.troupe.data.rewards.RuleReward;
import dev.troupe.data.rewards.RuleRewards;
import dev.troupe.data.sources.Prompt;
import dev.troupe.data.sources.Source;
import dev.troupe.data.sources.Sources;
import dev.troupe.deploy.eval.Judge;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelFolder;
import dev.troupe.reward.AnswerTexts;
import dev.troupe.reward.HttpScorer;
import dev.troupe.reward.ModelScorer;
import dev.troupe.reward.RewardPart;
import dev.troupe.reward.RewardScorer;
import dev.troupe.reward.RewardSettings;
import dev.troupe.reward.RuleScorer;
import dev.troupe.reward.WeightedScorer;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.LongFunction;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** What completions are worth, as the settings say: opened by the reward actor, by evaluations and by commands. */
public final class RunReward {
    /**
     * A reward model.
     *
     * @param folder where it is from, with its tokenizer
     * @param decoder makes it, on the thread that is to judge
     */
    public record Model(ModelFolder folder, Callable<Decoder> decoder) {
        /** The model that a folder holds, as it is. */
        public static Model whole(ModelFolder folder) {
            return new Model(folder, () -> Decoder.load(folder.config(), folder.weights(), false));
        }
    }

    private final RewardSettings settings;
    private final DataSettings data;
    private final ModelFolder policy;
    private final Function<RewardPart, Model> models;

    /**
     * @param policy whose tokenizer turns ids back into text
     * @param models finds the model of a part
     */
    public RunReward(
            RewardSettings settings, DataSettings data, ModelFolder policy, Function<RewardPart, Model> models) {
        this.settings = settings;
        this.data = data;
        this.policy = policy;
        this.models = models;
    }

    /** Of a training run. */
    static RunReward of(RewardSettings settings, DataSettings data, RunForms forms) {
        return new RunReward(settings, data, forms.policyFolder(), forms::reward);
    }

    /**
     * Opens it.
     *
     * @param name of its threads
     * @param threads cores of one pass of a model
     * @param prompts by draw number; null where nobody reads more than texts
     */
    public RewardScorer open(String name, int threads, @Nullable LongFunction<Prompt> prompts) {
        List<WeightedScorer.Part> opened = new ArrayList<>();
        try {
            for (RewardPart part : settings.parts()) {
                opened.add(new WeightedScorer.Part(part.name(), part.weight(), part(name, threads, part, prompts)));
            }
        } catch (RuntimeException e) {
            opened.forEach(part -> part.scorer().close());
            throw e;
        }
        return settings.weighted() ? new WeightedScorer(opened) : opened.get(0).scorer();
    }

    private RewardScorer part(String name, int threads, RewardPart part, @Nullable LongFunction<Prompt> prompts) {
        return switch (part.kind()) {
            case MODEL -> {
                Model model = models.apply(part);
                yield ModelScorer.start(name, model.folder(), policy, model.decoder(), threads);
            }
            case RULE -> {
                RuleReward rule = rule(part, data);
                yield new RuleScorer(
                        rule,
                        new AnswerTexts(policy.tokenizer(), prompts),
                        settings.concurrency(),
                        settings.deadline());
            }
            case HTTP ->
                new HttpScorer(
                        part.name(),
                        URI.create(part.what()),
                        settings.http(),
                        settings.deadline(),
                        new AnswerTexts(policy.tokenizer(), prompts));
        };
    }

    /**
     * As a judge of completions, on all cores.
     *
     * @param deadline for as many completions as the reward actor gets at once
     */
    public Judge.Opener judge(String name, Duration deadline) {
        int cores = Runtime.getRuntime().availableProcessors();
        return prompts -> new Judge(open(name, cores, prompts), settings.batch(), deadline);
    }

    /** The training prompts by draw number; null, and none are read, where nobody judges by more than texts. */
    @Nullable
    LongFunction<Prompt> trainingPrompts(long seed) {
        boolean wanted = settings.parts().stream()
                .anyMatch(part -> readsRows(part)
                        || (part.kind() == RewardPart.Kind.RULE
                                && !rule(part, data).columns().isEmpty()));
        return wanted ? Sources.prompts(data, seed)::draw : null;
    }

    private boolean readsRows(RewardPart part) {
        return switch (part.kind()) {
            case HTTP -> true;
            case RULE -> rule(part, data).readsRows();
            case MODEL -> false;
        };
    }

    /** The columns that those who judge read; null when they may read any. */
    public @Nullable Set<String> columns() {
        Set<String> read = new TreeSet<>();
        for (RewardPart part : settings.parts()) {
            if (readsRows(part)) {
                return null;
            }
            if (part.kind() == RewardPart.Kind.RULE) {
                read.addAll(rule(part, data).columns());
            }
        }
        return read;
    }

    /** Who judges, in a line. */
    String description() {
        return settings.parts().stream()
                .map(part -> settings.weighted() ? part.weight() + " x " + part.what() : part.what())
                .collect(Collectors.joining(" + "));
    }

    private static RuleReward rule(RewardPart part, DataSettings data) {
        return RuleRewards.byName(part.key(), part.what(), data);
    }

    /** As {@link #requireColumns}, of a training run's prompts and of those it is evaluated on. */
    static void check(RewardSettings settings, DataSettings data, long seed) {
        Source<Prompt> training = Sources.prompts(data, seed);
        long rows = training.size() == Source.ENDLESS ? 1 : training.size();
        List<Prompt> prompts =
                LongStream.range(0, rows).mapToObj(training::draw).toList();
        requireColumns(settings, data, "data.prompts = " + data.prompts(), prompts);
        requireColumns(settings, data, "eval.prompts = " + data.evalPrompts(), Sources.evaluation(data));
    }

    /**
     * Makes every rule once, and looks for the columns that they read in prompts.
     *
     * @param where the prompts come from, for the error
     * @throws SettingsException naming the prompt and the column that it lacks
     */
    public static void requireColumns(RewardSettings settings, DataSettings data, String where, List<Prompt> prompts) {
        for (RewardPart part : settings.parts()) {
            if (part.kind() == RewardPart.Kind.RULE) {
                List<String> columns = rule(part, data).columns();
                prompts.forEach(prompt -> require(part, columns, where, prompt));
            }
        }
    }

    private static void require(RewardPart part, List<String> columns, String file, Prompt prompt) {
        for (String column : columns) {
            if (!prompt.columns().containsKey(column)) {
                throw new SettingsException(prompt.where(file) + ": the prompt \"" + Learning.begin(prompt.text())
                        + "\" has no column \"" + column + "\", which " + part.key() + " = " + part.what()
                        + " reads; its row has beside the prompt "
                        + prompt.columns().keySet());
            }
        }
    }
}
