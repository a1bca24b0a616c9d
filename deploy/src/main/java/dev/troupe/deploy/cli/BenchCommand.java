package dev.troupe.deploy.cli;

import com.typesafe.config.ConfigFactory;
import dev.troupe.deploy.bench.ActorsBench;
import dev.troupe.deploy.bench.GenerateBench;
import dev.troupe.deploy.bench.OnlineBench;
import dev.troupe.deploy.bench.SftBench;
import dev.troupe.deploy.bench.StepShape;
import dev.troupe.deploy.report.Json;
import dev.troupe.deploy.settings.Models;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.model.Dtype;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.Numerics;
import dev.troupe.model.TensorThread;
import dev.troupe.train.TrainSettings;
import dev.troupe.train.algorithm.Algorithm;
import dev.troupe.train.algorithm.Algorithms;
import dev.troupe.train.algorithm.Needs;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code troupe bench}. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        header = "Measure speed on made-up work of a fixed shape.",
        subcommands = {BenchCommand.Generate.class, BenchCommand.Step.class},
        footer = {"", "Example:", "  troupe bench generate --model stories --batch 32 --json"})
final class BenchCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "Measure what? Known: generate, step");
    }

    /** Options of both. */
    static final class Shape {
        @Option(
                names = "--model",
                paramLabel = "DIR",
                defaultValue = "stories",
                description = "A Hugging Face folder, a run, a checkpoint, or a shipped model. Default: stories.")
        private String model;

        @Option(names = "--batch", paramLabel = "N", defaultValue = "16", description = "Rows. Default: 16.")
        private int batch;

        @Option(names = "--prompt", paramLabel = "N", defaultValue = "32", description = "Tokens. Default: 32.")
        private int prompt;

        @Option(names = "--threads", paramLabel = "N", defaultValue = "0", description = "Default: 0, all cores.")
        private int threads;

        @Option(
                names = "--dtype",
                paramLabel = "TYPE",
                defaultValue = "fp32",
                converter = DtypeOption.class,
                description = "Number format of the matrices, fp32 or bf16. Default: fp32.")
        private Dtype dtype = Dtype.FP32;

        @Option(names = "--json", description = "One line of JSON instead of a line a figure.")
        private boolean json;

        int threads() {
            return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
        }

        @Mixin
        private IgnoredKeys ignored = new IgnoredKeys();

        ModelFolder open() {
            atLeast("--batch", batch, 1);
            atLeast("--prompt", prompt, 1);
            return ModelFolder.open(Models.folder("--model", model), ignored.keys());
        }

        static void atLeast(String option, int value, int least) {
            if (value < least) {
                throw new SettingsException(option + " " + value + ": expected at least " + least);
            }
        }

        void print(Map<String, Object> line, PrintWriter out) {
            if (json) {
                out.println(Json.line(line));
            } else {
                line.forEach((key, value) -> out.printf("%-24s %s%n", key, figure(value)));
            }
            out.flush();
        }

        private static String figure(@Nullable Object value) {
            if (value == null) {
                return "-";
            }
            return value instanceof String text ? text : Json.line(value);
        }
    }

    /** {@code troupe bench generate}. */
    @Command(
            name = "generate",
            mixinStandardHelpOptions = true,
            header = "Prefill and decode throughput.",
            footer = {"", "Example:", "  troupe bench generate --model stories --batch 32 --prompt 32 --new 96 --json"})
    static final class Generate implements Callable<Integer> {
        @Spec
        private CommandSpec spec;

        @Mixin
        private Shape shape = new Shape();

        @Option(names = "--new", paramLabel = "N", defaultValue = "96", description = "Tokens a row. Default: 96.")
        private int tokens;

        @Option(names = "--lora", description = "An adapter of rank 8 on all linear layers over a frozen base.")
        private boolean lora;

        @Option(names = "--greedy", description = "The likeliest token instead of sampling at temperature 1.")
        private boolean greedy;

        @Option(
                names = "--repeats",
                paramLabel = "N",
                defaultValue = "3",
                description = "Default: 3; the median counts.")
        private int repeats;

        @Override
        public Integer call() {
            Shape.atLeast("--new", tokens, 2);
            Shape.atLeast("--repeats", repeats, 1);
            ModelFolder model = shape.open();
            try (TensorThread thread = TensorThread.start("bench", shape.threads())) {
                GenerateBench bench = new GenerateBench(
                        model, shape.dtype, lora, shape.batch, shape.prompt, tokens, greedy, repeats, shape.threads());
                shape.print(thread.call(bench::run), spec.commandLine().getOut());
            }
            return 0;
        }
    }

    /** {@code troupe bench step}. */
    @Command(
            name = "step",
            mixinStandardHelpOptions = true,
            header = "Seconds of a training step, by plain calls or through the actors.",
            footer = {
                "",
                "Example:",
                "  troupe bench step ppo --model stories --batch 64 --prompt 16 --completion 48 --epochs 4 --json"
            })
    static final class Step implements Callable<Integer> {
        private static final int SFT_TOKENS = 256;

        @Spec
        private CommandSpec spec;

        @Parameters(index = "0", paramLabel = "ALGO", description = "sft, or an online algorithm: ppo, rloo, grpo ...")
        private String algorithm;

        @Mixin
        private Shape shape = new Shape();

        @Option(
                names = "--micro",
                paramLabel = "N",
                defaultValue = "0",
                description = "Rows a forward. Default: batch; sft: as many as have 256 tokens.")
        private int micro;

        @Option(names = "--completion", paramLabel = "N", defaultValue = "64", description = "Tokens. Default: 64.")
        private int completion;

        @Option(names = "--epochs", paramLabel = "N", defaultValue = "1", description = "Passes. Default: 1.")
        private int epochs;

        @Option(names = "--steps", paramLabel = "N", defaultValue = "3", description = "Steps that count. Default: 3.")
        private int steps;

        @Option(
                names = "--warmup",
                paramLabel = "N",
                defaultValue = "1",
                description = "Steps before them. Default: 1.")
        private int warmup;

        @Option(
                names = "--actors",
                description = "The step through actors and Aeron and by plain calls in turn; --steps is the pairs.")
        private boolean actors;

        @Option(names = "--checkpointing", description = "Gradient checkpointing (sft).")
        private boolean checkpointing;

        @Option(names = "--lora", description = "An adapter of rank 8, alpha 16 on all linear layers.")
        private boolean lora;

        @Option(names = "--qlora", description = "The same over matrices in four bits, NF4 (sft).")
        private boolean qlora;

        @Option(
                names = "--generations",
                paramLabel = "K",
                defaultValue = "4",
                description = "Completions of a prompt, for algorithms that compare them. Default: 4.")
        private int generations;

        @Option(
                names = "--beta",
                paramLabel = "B",
                description = "Weight of the KL, or of gkd's teacher. Default: the algorithm's own.")
        private @Nullable Double beta;

        @Option(
                names = "--lmbda",
                paramLabel = "L",
                defaultValue = "1.0",
                description = "Share of the steps that generate (gkd). Default: 1.")
        private double lmbda;

        @Option(
                names = "--teacher-top-k",
                paramLabel = "K",
                defaultValue = "0",
                description = "Tokens that the teacher tells apart (gkd). Default: 0, all.")
        private int topK;

        @Option(names = "--reward-model", description = "Score by a model of the same shape instead of a rule.")
        private boolean rewardModel;

        @Override
        public Integer call() {
            boolean online = Algorithms.names().contains(algorithm);
            if (!online && !algorithm.equals("sft")) {
                throw new SettingsException(
                        "bench step " + algorithm + ": expected sft, " + String.join(", ", Algorithms.names()));
            }
            Dtype dtype = shape.dtype;
            if (lora && qlora) {
                throw new SettingsException("bench step: expected --lora or --qlora, not both");
            }
            if (online && (checkpointing || qlora)) {
                throw new SettingsException(
                        "bench step " + algorithm + ": expected neither --checkpointing nor --qlora");
            }
            if (actors && (!algorithm.equals("ppo") || lora || dtype != Dtype.FP32)) {
                throw new SettingsException("bench step --actors: expected ppo in fp32 without --lora");
            }
            Shape.atLeast("--generations", generations, 1);
            Shape.atLeast("--completion", completion, 1);
            Shape.atLeast("--epochs", epochs, 1);
            Shape.atLeast("--steps", steps, 1);
            Shape.atLeast("--warmup", warmup, 0);
            Shape.atLeast("--micro", micro, 0);
            StepShape of = new StepShape(
                    shape.batch,
                    micro == 0 ? forward() : micro,
                    shape.prompt,
                    completion,
                    epochs,
                    steps,
                    warmup,
                    shape.threads());
            if (algorithm.equals("sft")) {
                SftBench.Trained adapter = lora ? SftBench.Trained.LORA : SftBench.Trained.FULL;
                SftBench.Trained trained = qlora ? SftBench.Trained.QLORA : adapter;
                SftBench bench = new SftBench(shape.open(), of, new Numerics(dtype, checkpointing), trained);
                shape.print(bench.run(), spec.commandLine().getOut());
                return 0;
            }
            if (actors) {
                shape.print(
                        new ActorsBench(shape.open(), of).run(),
                        spec.commandLine().getOut());
                return 0;
            }
            try (OnlineBench bench = new OnlineBench(shape.open(), of, setup(dtype))) {
                shape.print(bench.run(), spec.commandLine().getOut());
            }
            return 0;
        }

        /** What a forward of sft keeps for its backward pass is most of its memory; 256 tokens keep the cores busy. */
        private int forward() {
            return algorithm.equals("sft") ? Math.max(1, SFT_TOKENS / (shape.prompt + completion)) : shape.batch;
        }

        private OnlineBench.Setup setup(Dtype dtype) {
            Map<String, Object> settings = new HashMap<>(Map.of("algorithm", algorithm));
            if (algorithm.equals("gkd")) {
                settings.put("lmbda", lmbda);
                settings.put("teacher.top_k", topK);
            }
            if (beta != null) {
                boolean inReward = algorithm.equals("ppo") || algorithm.equals("reinforce_plus_plus");
                settings.put(inReward ? "kl_coef" : "beta", beta);
            }
            Needs needs = made(settings).needs();
            int pair = needs.pairs() ? 2 : generations;
            int k = needs.groups() ? pair : 1;
            if (shape.batch % k != 0) {
                throw new SettingsException("--batch " + shape.batch + ": expected a multiple of --generations = " + k);
            }
            settings.putAll(Map.of("num_generations", k, "micro_batch", shape.batch));
            return new OnlineBench.Setup(made(settings), k, rewardModel || algorithm.equals("ppo"), dtype, lora);
        }

        private Algorithm made(Map<String, Object> settings) {
            return TrainSettings.algorithm(ConfigFactory.parseMap(settings), completion, Map.of());
        }
    }
}
