package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigUtil;
import dev.troupe.data.DataSettings;
import dev.troupe.data.rewards.RuleRewards;
import dev.troupe.data.sources.Sources;
import dev.troupe.deploy.eval.Evaluation;
import dev.troupe.deploy.eval.EvaluationPlan;
import dev.troupe.deploy.report.EvaluationTable;
import dev.troupe.deploy.run.DataNotes;
import dev.troupe.deploy.run.RunReward;
import dev.troupe.deploy.settings.Models;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.model.ChatFormat;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.Tokenizer;
import dev.troupe.model.WholeModel;
import dev.troupe.reward.RewardPart;
import dev.troupe.reward.RewardSettings;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code troupe eval}. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        header = "The same prompts through two models: figures and outputs side by side.",
        footer = {
            "",
            "Example: what a run made of the shipped model:",
            "  troupe eval --model runs/first --base stories --reward stories-reward"
        })
final class EvalCommand implements Callable<Integer> {
    @Mixin
    private IgnoredKeys ignored = new IgnoredKeys();

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "The model to judge: a Hugging Face folder, a run, a checkpoint, or a shipped model's name.")
    private String model;

    @Option(
            names = "--base",
            required = true,
            paramLabel = "DIR",
            description = "What it is compared with; the KL is measured to it.")
    private String base;

    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            defaultValue = Sources.STORIES,
            description = "JSONL, plain or .gz, in one of the shapes of data.prompts, or stories. Default: stories.")
    private String prompts;

    @Option(
            names = "--reward",
            paramLabel = "DIR | RULE | URL",
            description =
                    "A reward model, a rule (sentiment, length, brevity, gsm8k, format or a class), or a service.")
    private @Nullable String reward;

    @Option(
            names = "--template",
            paramLabel = "NAME",
            defaultValue = "",
            description = "The chat template of dialogues: one of the model's or of the known ones, or a .jinja file."
                    + " Default: the model's own, or chatml.")
    private String template = "";

    @Option(names = "--count", paramLabel = "N", defaultValue = "32", description = "Prompts. Default: 32.")
    private int count;

    @Option(names = "--samples", paramLabel = "N", defaultValue = "8", description = "Of each prompt. Default: 8.")
    private int samples;

    @Option(names = "--max-new-tokens", paramLabel = "N", defaultValue = "48", description = "Default: 48.")
    private int maxNewTokens;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "1234", description = "Default: 1234.")
    private long seed;

    @Override
    public Integer call() {
        List<String> overrides = new ArrayList<>(List.of(
                "eval.prompts=" + ConfigUtil.quoteString(prompts),
                "eval.count=" + count,
                "eval.samples=" + samples,
                "eval.seed=" + seed,
                "max_new_tokens=" + maxNewTokens));
        if (reward != null) {
            overrides.addAll(RewardOption.settings(reward));
        }
        Settings settings = Settings.parse("defaults", "", overrides);
        DataSettings data = DataSettings.from(settings.config());
        PrintWriter out = spec.commandLine().getOut();
        try (LoadedModel ours = LoadedModel.open("--model", model, ignored.keys(), ChatFormat.OWN);
                LoadedModel theirs = LoadedModel.open("--base", base, ignored.keys(), ChatFormat.named(template))) {
            requireSame("--model", ours.folder(), ours.tokenizer(), theirs);
            RunReward judging = reward == null ? null : reward(settings.config(), data, theirs);
            sayNotes(judging == null ? Set.of() : judging.columns(), theirs);
            Evaluation evaluation = new Evaluation(
                    new WholeModel(theirs.folder().config()),
                    () -> Decoder.load(theirs.folder().config(), theirs.folder().weights(), false),
                    null,
                    theirs.tokenizer(),
                    judging == null
                            ? null
                            : judging.judge("reward", settings.config().getDuration("scoring.deadline")),
                    RuleRewards.sentiment(data),
                    EvaluationPlan.from(settings.config()),
                    theirs.thread());
            EvaluationTable table = new EvaluationTable(
                    evaluation.of(theirs.folder().weights()),
                    evaluation.of(ours.folder().weights()),
                    "base",
                    "model");
            out.println(table.text());
            out.println(table.markdown());
            out.flush();
        }
        return 0;
    }

    private void sayNotes(@Nullable Set<String> read, LoadedModel theirs) {
        PrintWriter err = spec.commandLine().getErr();
        DataNotes.ofPrompts(List.of(prompts), read, theirs.tokenizer()).forEach(note -> err.println("note: " + note));
        err.flush();
    }

    private RunReward reward(Config config, DataSettings data, LoadedModel theirs) {
        RewardSettings settings = RewardSettings.from(config);
        RunReward.requireColumns(settings, data, "--prompts " + prompts, Sources.evaluation(data));
        Map<RewardPart, RunReward.Model> models = new HashMap<>();
        for (RewardPart part : settings.models()) {
            ModelFolder folder = ModelFolder.open(Models.folder("--reward", part.what(), "reward"), ignored.keys());
            try (Tokenizer tokenizer = folder.tokenizer()) {
                requireSameTokenizer("--reward", tokenizer, theirs);
            }
            models.put(part, RunReward.Model.whole(folder));
        }
        return new RunReward(settings, data, theirs.folder(), models::get);
    }

    private static void requireSame(String option, ModelFolder folder, Tokenizer tokenizer, LoadedModel theirs) {
        if (!folder.config().equals(theirs.folder().config())) {
            throw new SettingsException(option + " " + folder.path() + " and --base "
                    + theirs.folder().path() + " differ in shape: expected equal config.json");
        }
        requireSameTokenizer(option, tokenizer, theirs);
    }

    private static void requireSameTokenizer(String option, Tokenizer tokenizer, LoadedModel theirs) {
        if (!tokenizer.sameTokens(theirs.tokenizer())) {
            throw new SettingsException(
                    "the tokenizers of " + option + " and --base differ: expected the same tokens under the same ids");
        }
    }
}
