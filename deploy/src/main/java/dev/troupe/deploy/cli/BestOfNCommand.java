package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigUtil;
import dev.troupe.data.DataSettings;
import dev.troupe.data.sources.Prompt;
import dev.troupe.data.sources.Source;
import dev.troupe.data.sources.Sources;
import dev.troupe.deploy.eval.Judge;
import dev.troupe.deploy.report.ProgressLine;
import dev.troupe.deploy.run.DataNotes;
import dev.troupe.deploy.run.Learning;
import dev.troupe.deploy.run.RunReward;
import dev.troupe.deploy.select.BestOfN;
import dev.troupe.deploy.select.Choice;
import dev.troupe.deploy.select.DataSetFile;
import dev.troupe.deploy.select.Totals;
import dev.troupe.deploy.settings.Models;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelSettings;
import dev.troupe.reward.RewardSettings;
import dev.troupe.rollout.RolloutSettings;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code troupe best-of-n}. */
@Command(
        name = "best-of-n",
        mixinStandardHelpOptions = true,
        header = "Let a policy answer each prompt several times, judge the answers, and write the best as a data set.",
        description = {
            "Policy, prompts, reward and sampling are those of the configuration; it begins with stories/ppo. An"
                    + " interrupted command goes on from FILE.part when it is repeated."
        },
        footer = {
            "",
            "Example: fine-tuning rows of the best of 8, then preference pairs of best and worst:",
            "  troupe best-of-n --count 64 --out best.jsonl",
            "  troupe best-of-n --model runs/first --count 64 --pairs --out pairs.jsonl",
            "Rejection sampling of correct answers (rows \"question\", \"answer\"):",
            "  troupe best-of-n --model smollm2 --prompts gsm8k.jsonl --reward gsm8k --threshold 1 --out right.jsonl \\",
            "    max_new_tokens=200 rollout.context=0"
        })
final class BestOfNCommand implements Callable<Integer> {
    private static final int STORIES = 128;

    @Spec
    private CommandSpec spec;

    @Parameters(
            arity = "0..*",
            paramLabel = "CONFIG | KEY=VALUE",
            description = "A configuration file or the name of a shipped one, then settings to change.")
    private List<String> arguments = new ArrayList<>();

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "The data set, JSONL; must not exist.")
    private Path out = Path.of("");

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description =
                    "The policy: a Hugging Face folder, a .gguf file, a run, a checkpoint, or a shipped model's name."
                            + " Default: model.policy.")
    private @Nullable String model;

    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            description =
                    "JSONL, plain or .gz, in one of the shapes of data.prompts, or stories. Default: data.prompts.")
    private @Nullable String prompts;

    @Option(
            names = "--reward",
            paramLabel = "DIR | RULE | URL",
            description =
                    "A reward model, a rule (sentiment, length, brevity, gsm8k, format, or a class), or a service. Default:"
                            + " the configuration's reward.")
    private @Nullable String reward;

    @Option(
            names = "--template",
            paramLabel = "NAME",
            defaultValue = "",
            description = "The chat template of dialogues: one of the model's or of the known ones, or a .jinja file."
                    + " Default: the configuration's template.")
    private String template = "";

    @Option(
            names = "--count",
            paramLabel = "N",
            description = "Prompts. Default: each of a file once, " + STORIES + " stories.")
    private @Nullable Integer count;

    @Option(names = "-n", paramLabel = "N", defaultValue = "8", description = "Completions of each. Default: 8.")
    private int samples;

    @ArgGroup
    private @Nullable Shape shape;

    /** What becomes of the completions; the best one of each prompt if nothing is said. */
    static final class Shape {
        @Option(
                names = "--pairs",
                description = "Write preference pairs of each prompt's best and worst: prompt, chosen, rejected.")
        private boolean pairs;

        @Option(
                names = "--threshold",
                paramLabel = "R",
                description = "Write every different completion with at least this reward, not only the best.")
        private @Nullable Double threshold;
    }

    @Override
    public Integer call() {
        Config config = settings().config();
        Set<String> ignored = ModelSettings.from(config).ignoredKeys();
        RewardSettings rewards = RewardSettings.from(config);
        DataSettings data = DataSettings.from(config);
        RolloutSettings rollout = RolloutSettings.from(config);
        Source<Prompt> source = Sources.prompts(data, config.getLong("seed"));
        List<Prompt> drawn =
                LongStream.range(0, prompts(source)).mapToObj(source::draw).toList();
        RunReward.requireColumns(rewards, data, "data.prompts = " + data.prompts(), drawn);
        try (LoadedModel policy = LoadedModel.open(
                "model.policy",
                config.getString("model.policy"),
                ignored,
                ModelSettings.from(config).chat())) {
            RunReward reward = new RunReward(
                    rewards,
                    data,
                    policy.folder(),
                    part -> RunReward.Model.whole(
                            ModelFolder.open(Models.folder(part.key(), part.what(), "reward"), ignored)));
            sayNotes(data, reward, policy);
            Choice choice = choice();
            LongFunction<int[]> ids = Learning.prompts(
                    config,
                    policy.tokenizer(),
                    rollout.contextOf(policy.folder().config()))::draw;
            BestOfN.Plan plan = new BestOfN.Plan(drawn, ids, samples, config.getLong("seed"), rollout);
            String made = choice + " of " + samples + " for " + drawn.size() + " prompts by "
                    + policy.tensors().sha256() + " with " + config.root().render();
            try (DataSetFile file = DataSetFile.open(out, made, plan.together());
                    Judge judge = reward.judge("reward", config.getDuration("scoring.deadline"))
                            .open(source::draw)) {
                BestOfN best = new BestOfN(plan, policy.tokenizer(), judge, choice, policy.thread());
                Totals totals = best.run(policy.form(), policy.tensors(), file, progress());
                told(totals, drawn.size());
            }
        }
        return 0;
    }

    private void sayNotes(DataSettings data, RunReward reward, LoadedModel policy) {
        PrintWriter err = spec.commandLine().getErr();
        DataNotes.ofPrompts(List.of(data.prompts()), reward.columns(), policy.tokenizer())
                .forEach(note -> err.println("note: " + note));
        err.flush();
    }

    private Settings settings() {
        ConfigArguments given = ConfigArguments.of(arguments);
        String config = given.config();
        List<String> overrides = new ArrayList<>(given.overrides());
        if (samples < 1 || (shape != null && shape.pairs && samples < 2)) {
            throw new SettingsException("-n " + samples + ": expected at least 1, for --pairs at least 2");
        }
        if (model != null) {
            overrides.add("model.policy=" + ConfigUtil.quoteString(model));
        }
        if (prompts != null) {
            overrides.add("data.prompts=" + ConfigUtil.quoteString(prompts));
        }
        if (!template.isEmpty()) {
            overrides.add("template=" + ConfigUtil.quoteString(template));
        }
        if (reward != null) {
            overrides.addAll(RewardOption.settings(reward));
        }
        return Settings.load(config, overrides);
    }

    private long prompts(Source<Prompt> source) {
        if (count == null) {
            return source.size() == Source.ENDLESS ? STORIES : source.size();
        }
        if (count < 1 || count > source.size()) {
            throw new SettingsException("--count " + count + ": expected at least 1 and at most the "
                    + (source.size() == Source.ENDLESS ? "" : source.size() + " ") + "prompts of " + source.name());
        }
        return count;
    }

    private Choice choice() {
        if (shape == null) {
            return new Choice.Best();
        }
        return shape.threshold == null ? new Choice.Pairs() : new Choice.AtLeast(shape.threshold);
    }

    private BestOfN.Progress progress() {
        PrintWriter err = spec.commandLine().getErr();
        long start = System.nanoTime();
        return (totals, here, all) -> {
            double left = (System.nanoTime() - start) / 1e9 / here * (all - totals.prompts());
            err.printf(
                    Locale.ROOT,
                    "prompt %d/%d  reward %6.3f  best %6.3f  rows %d  left %s%n",
                    totals.prompts(),
                    all,
                    totals.mean(),
                    totals.best(),
                    totals.rows(),
                    ProgressLine.clock(left));
            err.flush();
        };
    }

    private void told(Totals totals, int prompts) {
        PrintWriter said = spec.commandLine().getOut();
        said.printf(
                Locale.ROOT,
                "%s: %d rows of %d prompts x %d; mean reward %.3f, of each prompt's best %.3f; %d without a reward%n",
                out,
                totals.rows(),
                prompts,
                samples,
                totals.mean(),
                totals.best(),
                totals.unscored());
        said.flush();
    }
}
