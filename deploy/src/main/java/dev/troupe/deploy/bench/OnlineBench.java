package dev.troupe.deploy.bench;

import dev.troupe.deploy.report.PeakMemory;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.learner.run.OnlineTraining;
import dev.troupe.model.AdaptedModel;
import dev.troupe.model.CounterNoise;
import dev.troupe.model.DecodeEngine;
import dev.troupe.model.Decoder;
import dev.troupe.model.Dtype;
import dev.troupe.model.FrozenBase;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelForm;
import dev.troupe.model.ModelInit;
import dev.troupe.model.Numerics;
import dev.troupe.model.SamplingConfig;
import dev.troupe.model.SoftTargets;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.model.WholeModel;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.rollout.Completion;
import dev.troupe.rollout.ContinuousBatcher;
import dev.troupe.rollout.EndOfText;
import dev.troupe.rollout.SampleRequest;
import dev.troupe.train.algorithm.Algorithm;
import dev.troupe.train.algorithm.Distillation;
import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.KlControl;
import dev.troupe.train.algorithm.Needs;
import dev.troupe.train.algorithm.OffPolicy;
import dev.troupe.train.algorithm.Ppo;
import dev.troupe.train.loss.KlEstimator;
import dev.troupe.train.optim.AdamSettings;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.optim.TrainedModel;
import dev.troupe.train.update.PolicyUpdate;
import dev.troupe.train.update.UpdateResult;
import dev.troupe.train.update.UpdateSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A step of an online algorithm by plain calls, with neither actor nor transport: generate, score, update, put the new
 * weights into the generating engines. Policy, reference and teacher start equal; value and reward model are the same
 * decoder with a score head. Without a reward model the reward is the share of even token ids.
 */
public final class OnlineBench implements AutoCloseable {
    private static final long SEED = 3;
    private static final double RATE = 1e-6;
    private static final double NANO = 1e-9;
    /**
     * Weights of more numbers come from memory for every token, so one engine with all cores reads them once where two
     * would read them twice, and policy and value, trained one after the other, hold the activations of one of them;
     * smaller ones stay in the caches, and two threads have less to wait for each other.
     */
    private static final long FITS_CACHES = 8L << 20;

    private final StepShape shape;
    private final Setup setup;
    private final ModelFolder model;
    private final TensorThread first;
    private final TensorThread second;
    /** Where the policy trains: beside the value model, or with all cores. */
    private final TensorThread training;
    /** All cores. */
    private final TensorThread together;

    private final @Nullable FrozenBase base;
    private final ModelForm form;
    private final TrainedModel policy;
    private final @Nullable TrainedModel value;
    private final List<Side> sides;
    private final int share;
    private final @Nullable Decoder reference;
    private final @Nullable Decoder teacher;
    private final PolicyUpdate update;
    private long step;

    /**
     * What is measured beside the shape.
     *
     * @param generations completions of a prompt
     * @param rewardModel score by a model instead of a rule; ppo always does
     * @param lora train an adapter as the peer's {@code --lora} has it: rank 8, alpha 16, all linear layers
     */
    public record Setup(Algorithm algorithm, int generations, boolean rewardModel, Dtype dtype, boolean lora) {}

    /** What a thread does with its share of the rows: it generates, and scores by the reward model if there is one. */
    private record Side(
            TensorThread thread,
            ContinuousBatcher batcher,
            @Nullable Decoder reward) {
        void close() {
            thread.run(batcher::close);
            if (reward != null) {
                thread.run(reward::close);
            }
        }
    }

    /** Loads everything. Policy and value model train side by side if they are small, in turns if not. */
    public OnlineBench(ModelFolder model, StepShape shape, Setup setup) {
        this.shape = shape;
        this.model = model;
        this.setup = setup;
        Needs needs = setup.algorithm.needs();
        int half = Math.max(1, shape.threads() / 2);
        boolean wide = numbers(model.weights()) > FITS_CACHES;
        this.together = TensorThread.start("together", shape.threads());
        this.first = wide ? together : TensorThread.start("policy", half);
        this.second = wide ? together : TensorThread.start("value", half);
        this.training = needs.value() ? first : together;
        Numerics numerics = new Numerics(setup.dtype, false);
        this.base = setup.lora ? first.call(() -> Workload.base(model, setup.dtype)) : null;
        this.form = base == null
                ? new WholeModel(model.config(), numerics)
                : new AdaptedModel(base, Workload.ADAPTER, false, false);
        TensorSet start = form instanceof AdaptedModel adapted ? adapted.initial(SEED) : model.weights();
        AdamSettings adam = new AdamSettings(0.9, 0.999, 1e-8, 0.0, false);
        this.policy = TrainedModel.of("policy", training.call(() -> form.decoder(start, true)), adam, training);
        ModelForm scored = base == null
                ? new WholeModel(model.config().withScoreHead(true), numerics)
                : new AdaptedModel(base, Workload.ADAPTER, true, false);
        TensorSet scoring = scored instanceof AdaptedModel adapted
                ? adapted.initial(SEED)
                : ModelInit.withScoreHead(model.config(), model.weights());
        this.value = needs.value()
                ? TrainedModel.of("value", second.call(() -> scored.decoder(scoring, true)), adam, second)
                : null;
        this.reference = needs.reference() ? training.call(() -> frozenReference(numerics)) : null;
        this.teacher = needs.teacher() != null ? training.call(() -> frozenReference(numerics)) : null;
        List<TensorThread> generating = wide ? List.of(together) : List.of(first, second);
        this.share = (shape.batch() + generating.size() - 1) / generating.size();
        this.sides = generating.stream()
                .map(t -> t.call(
                        () -> new Side(t, engine(start), setup.rewardModel ? scored.decoder(scoring, false) : null)))
                .toList();
        this.update = new PolicyUpdate(
                setup.algorithm,
                OffPolicy.NONE,
                KlControl.fixed(setup.algorithm.klCoef()),
                new UpdateSettings(
                        shape.epochs(), 1, shape.micro(), 0.2, 0.1, 1.0, 1.0, Double.POSITIVE_INFINITY, SEED),
                new Schedule(Schedule.Kind.CONSTANT, 0, 1),
                new PolicyUpdate.Learner(policy, RATE),
                value == null ? null : new PolicyUpdate.Learner(value, RATE));
    }

    private static long numbers(TensorSet weights) {
        return weights.tensors().values().stream()
                .mapToLong(HostTensor::elements)
                .sum();
    }

    /** PPO with TRL's numbers, a reward model, and one completion of each prompt. */
    static OnlineBench ppo(ModelFolder model, StepShape shape) {
        return new OnlineBench(
                model,
                shape,
                new Setup(
                        new Ppo(0.05, KlEstimator.K1, 0.2, 1.0, 0.95, false, 0, shape.completion(), OffPolicy.NONE),
                        1,
                        true,
                        Dtype.FP32,
                        false));
    }

    private Decoder frozenReference(Numerics numerics) {
        return base == null ? Decoder.load(model.config(), model.weights(), false, numerics) : Decoder.over(base);
    }

    private ContinuousBatcher engine(TensorSet start) {
        DecodeEngine engine =
                form.engine(start, share, shape.prompt() + shape.completion(), SamplingConfig.atTemperature(1.0));
        return new ContinuousBatcher(engine, EndOfText.at(List.of()), 0);
    }

    /** Measures; the line to print. */
    public Map<String, Object> run() {
        Long loaded = PeakMemory.bytes();
        List<Times> all = new ArrayList<>();
        for (int i = 0; i < shape.warmup() + shape.steps(); i++) {
            all.add(step());
        }
        List<Times> took = all.subList(shape.warmup(), all.size());
        double whole = median(took, Times::whole);
        double training = median(took, t -> t.whole - t.generation - t.scoring);
        double generation = median(took, Times::generation);
        int positions = shape.batch() * (shape.prompt() + shape.completion()) * shape.epochs();
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("bench", "step");
        line.put("algo", setup.algorithm.name());
        line.put("model", String.valueOf(model.path().getFileName()));
        line.put("dtype", setup.dtype.toString());
        line.put("lora", setup.lora);
        line.put("batch", shape.batch());
        line.put("micro", shape.micro());
        line.put("prompt", shape.prompt());
        line.put("completion", shape.completion());
        line.put("steps", shape.steps());
        line.put("epochs", shape.epochs());
        line.put("generations", setup.generations);
        Distillation asked = setup.algorithm.needs().teacher();
        line.put("beta", asked == null ? setup.algorithm.klCoef() : asked.beta());
        line.put("warmup", shape.warmup());
        line.put("reward_model", setup.rewardModel);
        line.put("seconds_per_step", Workload.round(whole, 4));
        line.put("generation_s", Workload.round(generation, 4));
        line.put("scoring_s", Workload.round(median(took, Times::scoring), 4));
        line.put("reward_s", 0.0);
        line.put("training_s", Workload.round(training, 4));
        line.put("optimizer_s", null);
        line.put("publish_s", Workload.round(median(took, Times::publish), 4));
        line.put("first_loss", all.get(0).loss());
        line.put("trained_positions", positions);
        line.put("trained_tokens_per_s", Workload.round(positions / whole, 1));
        line.put("training_tokens_per_s", Workload.round(positions / training, 1));
        line.put("generated_tokens_per_s", Workload.round(shape.batch() * shape.completion() / generation, 1));
        line.put("steps_s", all.stream().map(t -> Workload.round(t.whole, 4)).toList());
        line.put("rss_before_training_mb", loaded == null ? null : loaded >> 20);
        Long peak = PeakMemory.bytes();
        line.put("peak_rss_mb", peak == null ? null : peak >> 20);
        line.put("threads", shape.threads());
        line.put("engines", sides.size());
        return line;
    }

    private record Times(double whole, double generation, double scoring, double publish, double loss) {}

    private static double median(List<Times> times, java.util.function.ToDoubleFunction<Times> of) {
        return Workload.median(times.stream().mapToDouble(of).toArray());
    }

    /** Runs one step; its seconds. */
    double seconds() {
        return step().whole;
    }

    /** The models and the update as the learner actor drives them; closed with this. */
    OnlineTraining training() {
        return new OnlineTraining(update, (step, documents) -> Path.of("none"), OptionalLong.empty());
    }

    private Times step() {
        long begin = System.nanoTime();
        List<Completion> completions = shared(requests(), (side, some) -> side.batcher.runAll(some));
        long generated = System.nanoTime();
        List<Experience> batch = score(completions);
        long scored = System.nanoTime();
        UpdateResult result = update.run(step, batch);
        long trained = System.nanoTime();
        if (!result.applied()) {
            throw new IllegalStateException("the measured update was skipped: " + result.fault());
        }
        long version = ++step;
        TensorSet fresh = training.call(policy.decoder()::export);
        sides.stream()
                .map(s -> s.thread.submit(() -> s.batcher.swap(version, fresh)))
                .toList()
                .forEach(CompletableFuture::join);
        long end = System.nanoTime();
        return new Times(
                (end - begin) * NANO,
                (generated - begin) * NANO,
                (scored - generated) * NANO,
                (end - trained) * NANO,
                result.metrics().getOrDefault("loss/policy_avg", Double.NaN));
    }

    private List<SampleRequest> requests() {
        int[][] prompts =
                Workload.prompts(shape.batch(), shape.prompt(), model.config().vocabulary(), SEED + step);
        List<SampleRequest> requests = new ArrayList<>();
        int k = setup.generations;
        Distillation asked = setup.algorithm.needs().teacher();
        boolean given = asked != null && CounterNoise.uniform(SEED, step, 0, 0) >= asked.lmbda();
        int[][] completions = given
                ? Workload.prompts(
                        shape.batch(), shape.completion(), model.config().vocabulary(), -1 - SEED - step)
                : new int[shape.batch()][0];
        for (int r = 0; r < shape.batch(); r++) {
            TrajectoryId id = new TrajectoryId(step * shape.batch() + r / k, r % k);
            requests.add(new SampleRequest(
                    id, 1, SEED, prompts[r / k], shape.completion(), SampleRequest.NO_DEADLINE, completions[r]));
        }
        return requests;
    }

    private interface Work<T, R> {
        List<R> of(Side side, List<T> some);
    }

    /** Each side's share of the rows at the same time, put together in order. */
    private <T, R> List<R> shared(List<T> rows, Work<T, R> work) {
        List<CompletableFuture<List<R>>> running = new ArrayList<>();
        for (int i = 0; i < sides.size(); i++) {
            Side side = sides.get(i);
            List<T> part = rows.subList(Math.min(i * share, rows.size()), Math.min((i + 1) * share, rows.size()));
            running.add(side.thread.submit(() -> part.isEmpty() ? List.<R>of() : work.of(side, part)));
        }
        return running.stream().flatMap(f -> f.join().stream()).toList();
    }

    private static List<Float> boxed(float[] values) {
        List<Float> out = new ArrayList<>();
        for (float v : values) {
            out.add(v);
        }
        return out;
    }

    private List<Experience> score(List<Completion> completions) {
        List<TokenRow> rows = completions.stream()
                .map(c -> TokenRow.of(c.request().prompt(), c.ids()))
                .toList();
        Decoder frozen = reference;
        CompletableFuture<List<float[]>> references =
                frozen == null ? none(rows) : training.submit(() -> frozen.logprobs(rows, 1.0, shape.micro()));
        TrainedModel critic = value;
        CompletableFuture<List<float[]>> values = critic == null
                ? none(rows)
                : second.submit(() -> critic.decoder().values(rows, shape.micro()));
        CompletableFuture<List<SoftTargets>> targets = training.submit(() -> softTargets(rows));
        List<Float> rewards = shared(rows, this::rewards);
        List<Experience> batch = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            batch.add(new Experience(
                    completions.get(i).request().id(),
                    rows.get(i),
                    FinishReason.FINISH_REASON_LENGTH,
                    completions.get(i).logprobs(),
                    completions.get(i).logprobs(),
                    references.join().get(i),
                    values.join().get(i),
                    rewards.get(i),
                    Map.of(),
                    new long[rows.get(i).completionLength()],
                    teacher == null ? null : targets.join().get(i)));
        }
        return batch;
    }

    /** What the teacher says of each row; empty without one. */
    private List<SoftTargets> softTargets(List<TokenRow> rows) {
        Decoder frozen = teacher;
        Distillation asked = setup.algorithm.needs().teacher();
        if (frozen == null || asked == null) {
            return List.of();
        }
        List<List<SoftTargets>> parts = new ArrayList<>();
        rows.forEach(r -> parts.add(new ArrayList<>()));
        for (int from = 0; from < rows.size(); from += shape.micro()) {
            int begin = from;
            List<TokenRow> some = rows.subList(from, Math.min(from + shape.micro(), rows.size()));
            frozen.softTargets(
                    some,
                    asked.topK(),
                    asked.temperature(),
                    (row, first, part) -> parts.get(begin + row).add(part));
        }
        return parts.stream().map(SoftTargets::join).toList();
    }

    private static CompletableFuture<List<float[]>> none(List<TokenRow> rows) {
        return CompletableFuture.completedFuture(
                rows.stream().map(r -> new float[0]).toList());
    }

    private List<Float> rewards(Side side, List<TokenRow> some) {
        Decoder judge = side.reward;
        if (judge != null) {
            return boxed(judge.scores(some, shape.micro()));
        }
        return some.stream()
                .map(row -> (float) Arrays.stream(row.ids())
                                .skip(row.promptLength())
                                .filter(id -> id % 2 == 0)
                                .count()
                        / row.completionLength())
                .toList();
    }

    @Override
    public void close() {
        sides.forEach(Side::close);
        if (reference != null) {
            training.run(reference::close);
        }
        if (teacher != null) {
            training.run(teacher::close);
        }
        for (TrainedModel trained : update.models()) {
            trained.close();
            trained.thread().run(trained.decoder()::close);
        }
        if (base != null) {
            first.run(base::close);
        }
        first.close();
        second.close();
        together.close();
    }
}
