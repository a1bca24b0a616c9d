package dev.troupe.deploy.run;

import com.typesafe.config.Config;
import dev.troupe.data.DataSettings;
import dev.troupe.data.sources.PreferencePair;
import dev.troupe.data.sources.Reply;
import dev.troupe.data.sources.Source;
import dev.troupe.data.sources.Sources;
import dev.troupe.data.sources.TrainingText;
import dev.troupe.data.tokenizer.TokenizerFolder;
import dev.troupe.deploy.eval.PromptTokens;
import dev.troupe.deploy.report.MetricsWriter;
import dev.troupe.deploy.report.RunFolder;
import dev.troupe.deploy.report.Summary;
import dev.troupe.deploy.settings.MemoryEstimate;
import dev.troupe.deploy.settings.Models;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.experience.Sequence;
import dev.troupe.model.Decoder;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelInit;
import dev.troupe.model.ModelSettings;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.model.Tokenizer;
import dev.troupe.proto.TensorSet;
import dev.troupe.train.TrainSettings;
import dev.troupe.train.checkpoint.Checkpoint;
import dev.troupe.train.checkpoint.CheckpointStore;
import dev.troupe.train.offline.LanguageModelling;
import dev.troupe.train.offline.Objective;
import dev.troupe.train.offline.OfflineSettings;
import dev.troupe.train.offline.OfflineTrainer;
import dev.troupe.train.offline.RewardModelling;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.optim.TrainedModel;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Trains on a data set, without actors: language modelling ({@code sft}) and reward models ({@code reward}). */
final class OfflineRun implements AutoCloseable {
    private static final int REPORT_EVERY = 10;

    private final Config config;
    private final RunModels models;
    private final TrainSettings settings;
    private final DataSettings data;
    private final RunFolder folder;
    private final boolean rewards;
    private final PrintStream out = System.out;
    private final long startNanos = System.nanoTime();
    private final TensorThread first = TensorThread.start("train", 1);
    private final TensorThread second = TensorThread.start("train-2", 1);
    private final CheckpointStore store;
    private final @Nullable Checkpoint resumed;
    private int done;
    private long tokens;

    private OfflineRun(RunRequest request, RunModels models, RunFolder folder, @Nullable Checkpoint resumed) {
        this.models = models;
        this.resumed = resumed;
        this.config = request.settings().config();
        this.settings = TrainSettings.from(config);
        this.data = DataSettings.from(config);
        this.rewards = rewards(config);
        this.folder = folder;
        this.store = new CheckpointStore(folder.checkpoints(), settings.checkpointKeep());
        this.done = resumed == null ? 0 : (int) resumed.manifest().step();
    }

    /** Runs until done, failed or interrupted; the exit code. */
    static int run(RunRequest request) {
        Config config = request.settings().config();
        RunModels models = new RunModels(config);
        check(config, models);
        RunFolder folder = TrainRun.folder(request);
        Checkpoint resumed = request.resume() == null ? null : Preflight.checkpoint(folder, config);
        try (RunLock held = RunLock.of(folder.path())) {
            return FailedRun.noted(folder, config, () -> {
                try (OfflineRun run = new OfflineRun(request, models, folder, resumed)) {
                    return run.train();
                }
            });
        }
    }

    private int train() {
        Interrupts.endWith(
                resumed == null
                        ? "interrupted before the first step: run " + folder.name() + " has no checkpoint to go on from"
                        : "interrupted before the first step: --resume goes on from the same checkpoint");
        try (RunForms forms = new RunForms(config, models)) {
            return train(rewards ? forms.scoring(start()) : forms.language(start()));
        }
    }

    private int train(RunForms.Start start) {
        String name = rewards ? "reward" : "policy";
        out.println(name + ": " + start.trainable());
        try (Tokenizer tokenizer =
                start.folder().tokenizer(ModelSettings.from(config).chat())) {
            DataNotes.ofTexts(data, rewards, tokenizer).forEach(note -> out.println("note: " + note));
            Decoder decoder = first.call(() -> start.form().decoder(start.tensors(), true));
            try (TrainedModel model = TrainedModel.of(name, decoder, settings.adam(), first)) {
                if (resumed != null) {
                    resumed.restore(model);
                }
                Path words = RunTokenizer.of(folder, start.folder(), tokenizer);
                Path saved = rewards ? rewardModel(model, tokenizer, words) : languageModel(model, tokenizer, words);
                boolean whole = done >= settings.steps();
                summary(
                                whole ? "done" : "interrupted",
                                first.call(decoder::export).sha256())
                        .write(folder);
                out.println("model: " + saved.resolve(name));
                return whole ? 0 : Interrupts.EXIT_CODE;
            }
        }
    }

    private Path checkpoint(TrainedModel model, Path words) {
        List<String> parents = resumed == null
                ? List.of()
                : List.of(String.valueOf(resumed.folder().getFileName()));
        return Checkpoint.write(store, done, done, parents, List.of(model), Map.of(), words);
    }

    /** Looks at what the settings name before the run's folder is made, so that what is wrong leaves nothing behind. */
    private static void check(Config config, RunModels models) {
        MemoryEstimate.of(config).requireRoom(1);
        DataSettings data = DataSettings.from(config);
        boolean rewards = rewards(config);
        if (config.getString("model.policy").equals(Models.NEW)) {
            requireMadeOfStories(config, data);
        } else {
            ModelFolder policy = models.policy();
            if (!rewards) {
                RunModels.requireLanguageModel(config, "model.policy", policy);
            }
            try (Tokenizer tokenizer =
                    PromptTokens.tokenizer(policy, ModelSettings.from(config).chat())) {
                requireRendered(data, rewards, TrainSettings.from(config).trainOnInputs(), tokenizer);
            }
        }
    }

    /** Reads what is learned from, and puts each dialogue through the chat template, which may refuse it. */
    private static void requireRendered(DataSettings data, boolean pairs, boolean inputs, Tokenizer tokenizer) {
        if (pairs) {
            all(Sources.pairs(data, 0), Sources.heldOutPairs(data))
                    .filter(pair -> pair.prompt().isDialogue())
                    .forEach(pair -> {
                        PromptTokens.of(pair.prompt(), pair.chosen(), tokenizer);
                        PromptTokens.of(pair.prompt(), pair.rejected(), tokenizer);
                    });
        } else {
            all(Sources.texts(data, 0), Sources.heldOutTexts(data))
                    .filter(TrainingText::isDialogue)
                    .forEach(text -> PromptTokens.trained(text, tokenizer, inputs));
        }
    }

    /** A file's rows; of an endless source none. */
    private static <T> Stream<T> all(Source<T> source, List<T> held) {
        long rows = source.size() == Source.ENDLESS ? 0 : source.size();
        return Stream.concat(LongStream.range(0, rows).mapToObj(source::draw), held.stream());
    }

    private static boolean rewards(Config config) {
        return config.getString("algorithm").equals("reward");
    }

    private static void requireMadeOfStories(Config config, DataSettings data) {
        if (ModelSettings.from(config).mode() != ModelSettings.Mode.FULL) {
            throw new SettingsException("model.policy = " + Models.NEW + " with adapter.mode = "
                    + config.getString("adapter.mode") + ": an adapter stands on a trained model; name one, or train"
                    + " with adapter.mode = full");
        }
        if (rewards(config) || !data.texts().equals(Sources.STORIES)) {
            throw new SettingsException("model.policy = new: only algorithm = sft on data.texts = stories makes a model"
                    + " with its tokenizer from nothing; name a model folder");
        }
    }

    /** The model to begin with: given, or new in {@code start} of the run's folder. */
    private ModelFolder start() {
        if (!config.getString("model.policy").equals(Models.NEW)) {
            ModelFolder given = models.policy();
            boolean whole = ModelSettings.from(config).mode() == ModelSettings.Mode.FULL;
            return rewards && whole && !given.config().scoreHead()
                    ? new ModelFolder(
                            given.path(),
                            given.config().withScoreHead(true),
                            ModelInit.withScoreHead(given.config(), given.weights()))
                    : given;
        }
        ModelConfig shape = Models.newShape(config);
        TensorSet weights = ModelInit.random(shape, settings.seed());
        Path made = folder.path().resolve("start");
        if (resumed != null) {
            return ModelFolder.open(made);
        }
        try {
            Path words = Files.createDirectory(folder.path().resolve("tokenizer"));
            TokenizerFolder.writeStories(words, shape.maxPositions());
            ModelFolder.save(made, shape, weights, words);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + made + ": " + e, e);
        }
        return ModelFolder.open(made);
    }

    private Path languageModel(TrainedModel model, Tokenizer tokenizer, Path words) {
        Source<TrainingText> texts = Sources.texts(data, settings.seed());
        List<Sequence> rows = new ArrayList<>();
        long size = rows(texts.size());
        for (long n = 0; n < size; n++) {
            Sequence row = text(tokenizer, texts.draw(n));
            if (row.trainedTokens() > 0) {
                rows.add(row);
            }
        }
        if (rows.size() < size) {
            String cut = size - rows.size() + " of " + size + " rows have no trained token within offline.max_length = "
                    + settings.maxLength();
            if (rows.isEmpty()) {
                throw new SettingsException(cut + ": nothing is left to train on");
            }
            out.println("note: " + cut + " and are left out");
        }
        List<Sequence> held = Sources.heldOutTexts(data).stream()
                .map(t -> text(tokenizer, t))
                .filter(row -> row.trainedTokens() > 0)
                .toList();
        Path saved = learn(model, new LanguageModelling(rows), words);
        if (held.isEmpty()) {
            out.println("held out: no texts, of so few");
            return saved;
        }
        double loss = first.call(() -> LanguageModelling.loss(model.decoder(), held, settings.microBatch()));
        out.printf(
                Locale.ROOT,
                "held out: %d texts, loss %.4f nats a token (perplexity %.2f)%n",
                held.size(),
                loss,
                Math.exp(loss));
        return saved;
    }

    private Path rewardModel(TrainedModel model, Tokenizer tokenizer, Path words) {
        Source<PreferencePair> pairs = Sources.pairs(data, settings.seed());
        List<RewardModelling.Pair> rows = new ArrayList<>();
        for (long n = 0; n < rows(pairs.size()); n++) {
            rows.add(pair(tokenizer, pairs.draw(n)));
        }
        List<RewardModelling.Pair> held =
                Sources.heldOutPairs(data).stream().map(p -> pair(tokenizer, p)).toList();
        Path saved = learn(model, new RewardModelling(rows, settings.centerRewards()), words);
        if (held.isEmpty()) {
            out.println("held out: no pairs, of so few");
            return saved;
        }
        double accuracy = first.call(() -> RewardModelling.accuracy(model.decoder(), held, settings.microBatch()));
        out.printf(Locale.ROOT, "held out: %d pairs, accuracy %.1f %%%n", held.size(), 100 * accuracy);
        return saved;
    }

    /** Of an endless source as many as the steps take; of a file all. */
    private long rows(long size) {
        return size == Source.ENDLESS ? settings.steps() * settings.prompts() : size;
    }

    private Sequence text(Tokenizer tokenizer, TrainingText text) {
        return PromptTokens.trained(text, tokenizer, settings.trainOnInputs()).cut(settings.maxLength());
    }

    private RewardModelling.Pair pair(Tokenizer tokenizer, PreferencePair pair) {
        return new RewardModelling.Pair(
                answered(tokenizer, pair, pair.chosen()), answered(tokenizer, pair, pair.rejected()), pair.margin());
    }

    private TokenRow answered(Tokenizer tokenizer, PreferencePair pair, Reply reply) {
        int[] ids = PromptTokens.of(pair.prompt(), reply, tokenizer);
        return row(pair.prompt().isDialogue() ? ids : tokenizer.ended(ids));
    }

    /** Cut at {@code offline.max_length}. */
    private TokenRow row(int[] ids) {
        return new TokenRow(ids.length > settings.maxLength() ? Arrays.copyOf(ids, settings.maxLength()) : ids, 1);
    }

    /** Trains, and writes the last checkpoint, before anything is evaluated; its folder. */
    private Path learn(TrainedModel model, Objective objective, Path words) {
        OfflineSettings how = new OfflineSettings(
                settings.prompts(),
                settings.microBatch(),
                settings.learningRate(),
                new Schedule(settings.schedule(), settings.warmupRatio(), (int) settings.steps()),
                settings.maxGradNorm(),
                settings.seed());
        out.printf(
                "run %s: %s, %d rows, %d steps of %d%n",
                folder.name(), settings.algorithm(), objective.items(), settings.steps(), settings.prompts());
        Interrupts.handle(() -> out.println(
                "interrupted: this step is ended, then a checkpoint is written; Ctrl-C" + " again ends without that"));
        int before = done;
        long begun = System.nanoTime();
        try (MetricsWriter metrics = new MetricsWriter(folder, before)) {
            tokens = Math.round(metrics.sum("tokens/trained"));
            new OfflineTrainer(model, second, how).train(objective, before, (step, figures) -> {
                Map<String, Object> line = new LinkedHashMap<>();
                line.put("step", step);
                line.putAll(figures);
                metrics.write(line);
                done = step;
                tokens += Math.round(figures.getOrDefault("tokens/trained", 0.0));
                if (step % REPORT_EVERY == 0 || step == settings.steps()) {
                    double each = (System.nanoTime() - begun) / 1e9 / (step - before);
                    report(step, figures, each * (settings.steps() - step));
                }
                int every = settings.checkpointEvery();
                if (every > 0 && step % every == 0 && step < settings.steps()) {
                    checkpoint(model, words);
                }
                return !Interrupts.interrupted();
            });
        }
        return checkpoint(model, words);
    }

    private void report(int step, Map<String, Double> figures, double left) {
        String accuracy = figures.containsKey("rewards/accuracies")
                ? String.format(Locale.ROOT, "  accuracy %.2f", figures.get("rewards/accuracies"))
                : "";
        out.printf(
                Locale.ROOT,
                "step %d/%d  loss %.4f%s  lr %.2e  left %.0f s%n",
                step,
                settings.steps(),
                figures.get("loss"),
                accuracy,
                figures.get("lr"),
                left);
        out.flush();
    }

    private Summary summary(String status, String sha256) {
        double seconds = (System.nanoTime() - startNanos) / 1e9;
        return Summary.offline(status, settings.algorithm(), done, seconds, tokens, sha256);
    }

    @Override
    public void close() {
        first.close();
        second.close();
    }
}
