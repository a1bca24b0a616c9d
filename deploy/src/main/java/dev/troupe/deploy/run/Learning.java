package dev.troupe.deploy.run;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.data.DataSettings;
import dev.troupe.data.sources.Prompt;
import dev.troupe.data.sources.Source;
import dev.troupe.data.sources.Sources;
import dev.troupe.deploy.eval.PromptTokens;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.learner.LearnerSettings;
import dev.troupe.learner.ledger.LedgerActor;
import dev.troupe.learner.run.LearnerPlan;
import dev.troupe.learner.run.OnlineTraining;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.TensorThread;
import dev.troupe.model.Tokenizer;
import dev.troupe.rollout.RolloutSettings;
import dev.troupe.train.TrainSettings;
import dev.troupe.train.algorithm.Algorithm;
import dev.troupe.train.algorithm.Distillation;
import dev.troupe.train.algorithm.KlControl;
import dev.troupe.train.algorithm.Needs;
import dev.troupe.train.checkpoint.Checkpoint;
import dev.troupe.train.checkpoint.CheckpointStore;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.optim.TrainedModel;
import dev.troupe.train.update.PolicyUpdate;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Puts the learner's parts together from a run's settings. */
public final class Learning {
    /** Of prompts without end so many are looked at before a run. */
    private static final long MADE_UP_LOOKED_AT = 4096;

    private Learning() {}

    /** What the run's algorithm needs, and so which roles there are. */
    static Needs needs(Config config) {
        return Settings.algorithm(config).needs();
    }

    /** What the run is, apart from its algorithm. */
    static LearnerPlan plan(Config config) {
        TrainSettings s = TrainSettings.from(config);
        LearnerSettings actors = LearnerSettings.from(config);
        RolloutSettings rollout = RolloutSettings.from(config);
        return new LearnerPlan(
                needs(config),
                s.steps(),
                s.prompts(),
                s.generations(),
                s.dynamicSampling(),
                actors.eta(),
                s.seed(),
                rollout.sampling().temperature(),
                rollout.deadline(),
                actors.scoringBatch(),
                config.getInt("reward.batch"),
                actors.scoringDeadline(),
                actors.parityRows(),
                s.checkpointEvery(),
                actors.waitDeadline());
    }

    /**
     * The run's algorithm on its models, at a checkpoint if one is given.
     *
     * @param valueStart null if the algorithm has no value model
     * @param tokenizerFrom folder or file whose tokenizer saved models get
     */
    static OnlineTraining training(
            Config config,
            RunForms.Start policyStart,
            RunForms.@Nullable Start valueStart,
            CheckpointStore store,
            @Nullable Checkpoint resumed,
            Path tokenizerFrom) {
        TrainSettings s = TrainSettings.from(config);
        double temperature = RolloutSettings.from(config).sampling().temperature();
        Algorithm algorithm = Settings.algorithm(config);
        KlControl kl = TrainSettings.kl(config, algorithm);
        TrainedModel policy = trained("policy", policyStart, s, TensorThread.start("train-policy", s.threads()));
        TrainedModel value = valueStart == null
                ? null
                : trained(
                        "value",
                        valueStart,
                        s,
                        s.inTurns() ? policy.thread() : TensorThread.start("train-value", s.threads()));
        List<TrainedModel> models = value == null ? List.of(policy) : List.of(policy, value);
        if (resumed != null) {
            models.forEach(resumed::restore);
            kl.restore(ConfigFactory.parseString(resumed.document(OnlineTraining.KL_DOCUMENT))
                    .getDouble("kl_coef"));
        }
        PolicyUpdate update = new PolicyUpdate(
                algorithm,
                TrainSettings.offPolicy(config),
                kl,
                TrainSettings.update(config, temperature),
                new Schedule(s.schedule(), s.warmupRatio(), (int) s.steps()),
                new PolicyUpdate.Learner(policy, s.learningRate()),
                value == null ? null : new PolicyUpdate.Learner(value, s.valueLearningRate()));
        List<String> parents = resumed == null
                ? List.of()
                : List.of(String.valueOf(resumed.folder().getFileName()));
        return new OnlineTraining(
                update,
                (step, documents) -> Checkpoint.write(store, step, step, parents, models, documents, tokenizerFrom),
                config.getBoolean("control.shuffle_rewards") ? OptionalLong.of(s.seed()) : OptionalLong.empty());
    }

    private static TrainedModel trained(
            String name, RunForms.Start start, TrainSettings settings, TensorThread thread) {
        Decoder decoder = thread.call(() -> start.form().decoder(start.tensors(), true));
        return TrainedModel.of(name, decoder, settings.adam(), thread);
    }

    /** The run's prompts, and the completions that a distillation gives; a teacher that writes those does it here. */
    static LedgerActor.Prompts prompts(Config config, RunModels models, Tokenizer tokenizer, PrintStream out) {
        ModelFolder policy = models.policy();
        LedgerActor.Prompts plain =
                prompts(config, tokenizer, RolloutSettings.from(config).contextOf(policy.config()));
        Distillation asked = needs(config).teacher();
        if (asked == null || asked.lmbda() == 1) {
            return plain;
        }
        if (!asked.sequences()) {
            return GivenCompletions.ofData(config, asked, plain, tokenizer, policy.config());
        }
        try (TensorThread thread =
                TensorThread.start("teacher-writes", Runtime.getRuntime().availableProcessors())) {
            return GivenCompletions.ofTeacher(config, asked, plain, models.teacher(), thread, out);
        }
    }

    /**
     * The run's prompts as token ids.
     *
     * @param context tokens that prompt and completion may have together
     */
    public static LedgerActor.Prompts prompts(Config config, Tokenizer tokenizer, int context) {
        Source<Prompt> source = Sources.prompts(DataSettings.from(config), config.getLong("seed"));
        int room = room(config, context);
        // Looked at before the run, so that a long one does not end it halfway.
        TrainSettings s = TrainSettings.from(config);
        long known = source.size() == Source.ENDLESS ? MADE_UP_LOOKED_AT : source.size();
        long drawn = s.dynamicSampling() ? known : Math.min(known, s.steps() * s.prompts());
        for (long n = 0; n < drawn; n++) {
            encode(source, n, tokenizer, room, context);
        }
        return n -> encode(source, n, tokenizer, room, context);
    }

    /** Tokens that are left for a prompt. */
    static int room(Config config, int context) {
        int completion = config.getInt("max_new_tokens");
        if (completion >= context) {
            throw new SettingsException(
                    "max_new_tokens = " + completion + " leaves no room for a prompt in a context of "
                            + context + " tokens (the smaller of the model's and rollout.context); expected at most "
                            + (context - 1));
        }
        return context - completion;
    }

    private static int[] encode(Source<Prompt> source, long n, Tokenizer tokenizer, int room, int context) {
        Prompt prompt = source.draw(n);
        int[] ids = PromptTokens.of(prompt, tokenizer);
        if (ids.length == 0 || ids.length > room) {
            throw new SettingsException(prompt.where("data.prompts = " + source.name()) + ": the prompt has "
                    + ids.length + " tokens; expected 1 to " + room + ", which with max_new_tokens makes the " + context
                    + " that the model and rollout.context allow: \""
                    + begin(prompt.text()) + "\"");
        }
        return ids;
    }

    /** The begin of a text, enough to recognise it in an error. */
    static String begin(String text) {
        return text.substring(0, Math.min(60, text.length()));
    }
}
