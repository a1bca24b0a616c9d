package dev.troupe.deploy.bench;

import dev.troupe.deploy.report.PeakMemory;
import dev.troupe.experience.Sequence;
import dev.troupe.model.AdaptedModel;
import dev.troupe.model.Decoder;
import dev.troupe.model.FrozenBase;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.Numerics;
import dev.troupe.model.TensorThread;
import dev.troupe.train.offline.LanguageModelling;
import dev.troupe.train.offline.OfflineSettings;
import dev.troupe.train.offline.OfflineTrainer;
import dev.troupe.train.optim.AdamSettings;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.optim.TrainedModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A step of supervised fine-tuning as {@code algorithm = sft} makes it, on rows of one length. */
public final class SftBench {
    private static final long SEED = 3;
    private static final double RATE = 1e-6;
    private static final double NANO = 1e-9;

    private final ModelFolder model;
    private final StepShape shape;
    private final Numerics numerics;
    private final Trained trained;
    private final List<Double> took = new ArrayList<>();
    private final List<Double> losses = new ArrayList<>();

    /** What is trained. */
    public enum Trained {
        /** Every weight. */
        FULL,
        /** An adapter as the peer's {@code --lora} has it: rank 8, alpha 16, all linear layers. */
        LORA,
        /** The same over matrices in four bits. */
        QLORA
    }

    /** @param shape of the steps; the loss is over completions */
    public SftBench(ModelFolder model, StepShape shape, Numerics numerics, Trained trained) {
        this.model = model;
        this.shape = shape;
        this.numerics = numerics;
        this.trained = trained;
    }

    /** Measures; the line to print. */
    public Map<String, Object> run() {
        AdamSettings adam = new AdamSettings(0.9, 0.999, 1e-8, 0.0, false);
        Long loaded;
        try (TensorThread thread = TensorThread.start("train", shape.threads())) {
            FrozenBase base = trained == Trained.FULL ? null : thread.call(this::base);
            Decoder decoder = thread.call(() -> decoder(base));
            loaded = PeakMemory.bytes();
            try (TrainedModel policy = TrainedModel.of("policy", decoder, adam, thread)) {
                train(policy);
            }
            thread.run(decoder::close);
            if (base != null) {
                thread.run(base::close);
            }
        }
        return line(loaded);
    }

    private FrozenBase base() {
        if (trained != Trained.QLORA) {
            return Workload.base(model, numerics.dtype());
        }
        return FrozenBase.load(model.path().toString(), model.config(), model.weights(), FrozenBase.Storage.NF4);
    }

    private Decoder decoder(@Nullable FrozenBase base) {
        if (base == null) {
            return Decoder.load(model.config(), model.weights(), true, numerics);
        }
        AdaptedModel form = new AdaptedModel(base, Workload.ADAPTER, false, numerics.gradientCheckpointing());
        return form.decoder(form.initial(SEED), true);
    }

    private void train(TrainedModel policy) {
        int steps = shape.warmup() + shape.steps();
        int length = shape.prompt() + shape.completion();
        List<Sequence> rows = new ArrayList<>();
        for (int[] ids :
                Workload.prompts(steps * shape.batch(), length, model.config().vocabulary(), SEED)) {
            rows.add(Sequence.after(shape.prompt(), ids));
        }
        Schedule schedule = new Schedule(Schedule.Kind.CONSTANT, 0, steps);
        OfflineSettings how = new OfflineSettings(shape.batch(), shape.micro(), RATE, schedule, 1.0, SEED);
        long[] begun = {System.nanoTime()};
        new OfflineTrainer(policy, null, how).train(new LanguageModelling(rows), 0, (step, figures) -> {
            took.add((System.nanoTime() - begun[0]) * NANO);
            losses.add(figures.getOrDefault("loss", Double.NaN));
            begun[0] = System.nanoTime();
            return true;
        });
    }

    private Map<String, Object> line(@Nullable Long loaded) {
        double step = Workload.median(took.subList(shape.warmup(), took.size()).stream()
                .mapToDouble(Double::doubleValue)
                .toArray());
        int positions = shape.batch() * (shape.prompt() + shape.completion());
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("bench", "step");
        line.put("algo", "sft");
        line.put("model", String.valueOf(model.path().getFileName()));
        line.put("dtype", numerics.dtype().toString());
        line.put("lora", trained != Trained.FULL);
        line.put("quantize", trained == Trained.QLORA ? "nf4" : null);
        line.put("checkpointing", numerics.gradientCheckpointing());
        line.put("batch", shape.batch());
        line.put("micro", shape.micro());
        line.put("prompt", shape.prompt());
        line.put("completion", shape.completion());
        line.put("steps", shape.steps());
        line.put("warmup", shape.warmup());
        line.put("seconds_per_step", Workload.round(step, 4));
        line.put("generation_s", 0.0);
        line.put("scoring_s", 0.0);
        line.put("reward_s", 0.0);
        line.put("training_s", Workload.round(step, 4));
        line.put("optimizer_s", null);
        line.put("first_loss", losses.get(0));
        line.put("trained_positions", positions);
        line.put("trained_tokens_per_s", Workload.round(positions / step, 1));
        line.put("training_tokens_per_s", Workload.round(positions / step, 1));
        line.put("generated_tokens_per_s", null);
        line.put("steps_s", took.stream().map(t -> Workload.round(t, 4)).toList());
        line.put("rss_before_training_mb", loaded == null ? null : loaded >> 20);
        Long peak = PeakMemory.bytes();
        line.put("peak_rss_mb", peak == null ? null : peak >> 20);
        line.put("threads", shape.threads());
        return line;
    }
}
