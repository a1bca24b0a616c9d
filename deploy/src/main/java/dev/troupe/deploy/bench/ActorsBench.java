package dev.troupe.deploy.bench;

import akka.actor.typed.ActorRef;
import com.typesafe.config.ConfigFactory;
import dev.troupe.cluster.ClusterNode;
import dev.troupe.cluster.ClusterSettings;
import dev.troupe.cluster.protocol.RolloutCommand;
import dev.troupe.deploy.run.RunReward;
import dev.troupe.learner.experience.ScoredTrajectory;
import dev.troupe.learner.run.LearnerNode;
import dev.troupe.learner.run.LearnerPlan;
import dev.troupe.learner.run.OnlineTraining;
import dev.troupe.learner.run.PolicyWeights;
import dev.troupe.learner.run.Training;
import dev.troupe.learner.value.ValueActor;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelInit;
import dev.troupe.model.Numerics;
import dev.troupe.model.SamplingConfig;
import dev.troupe.model.WholeModel;
import dev.troupe.reference.ReferenceNode;
import dev.troupe.reference.ReferenceSettings;
import dev.troupe.reward.ModelScorer;
import dev.troupe.reward.RewardNode;
import dev.troupe.rollout.EndOfText;
import dev.troupe.rollout.RolloutActor;
import dev.troupe.rollout.RolloutSettings;
import dev.troupe.rollout.RolloutSetup;
import dev.troupe.train.algorithm.Needs;
import dev.troupe.transport.AeronNode;
import dev.troupe.transport.TransportSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * What the actors cost: the same step through ledger, rollout, assembler, scorers, learner and publisher, over Akka and
 * Aeron, and by plain calls, in turn in one process. An actors' step lasts from one export of the weights to the next;
 * between two of them, while no actor has work, a plain step runs. Staleness is 0.
 */
public final class ActorsBench {
    private static final Duration DEADLINE = Duration.ofMinutes(10);
    private static final double NANO = 1e-9;
    /** As many as the plain step has threads that generate. */
    private static final List<String> ROLLOUTS = List.of("rollout-1", "rollout-2");

    private final ModelFolder model;
    private final StepShape shape;
    private final List<Double> plain = new ArrayList<>();
    private final List<Double> actors = new ArrayList<>();

    /** @param shape of the steps; {@code steps} is the number of pairs that count */
    public ActorsBench(ModelFolder model, StepShape shape) {
        this.model = model;
        this.shape = shape;
    }

    /** Measures; the line to print. */
    public Map<String, Object> run() {
        try (OnlineBench reference = OnlineBench.ppo(model, shape);
                OnlineBench trained = OnlineBench.ppo(model, shape);
                ClusterNode cluster = ClusterNode.start(
                                ClusterSettings.from(ConfigFactory.empty()), "bench", Set.of("learner"))
                        .awaitUp();
                AeronNode aeron = AeronNode.start(TransportSettings.defaults())) {
            through(cluster, aeron, reference, trained.training());
        }
        return line();
    }

    private void through(ClusterNode cluster, AeronNode aeron, OnlineBench reference, OnlineTraining training) {
        ModelFolder scored = new ModelFolder(
                model.path(),
                model.config().withScoreHead(true),
                ModelInit.withScoreHead(model.config(), model.weights()));
        ReferenceNode references = ReferenceNode.start(
                cluster, aeron.open("reference", null), new ReferenceSettings(null, 1, Numerics.FP32), model);
        RewardNode rewards = RewardNode.start(
                cluster,
                aeron.open("reward", null),
                ModelScorer.start(
                        "reward", scored, model, RunReward.Model.whole(scored).decoder(), 1),
                "reward");
        CompletableFuture<String> valueEnded = new CompletableFuture<>();
        cluster.spawn(
                ValueActor.create(aeron.open("value", null), "bench", new WholeModel(scored.config()), 1, valueEnded),
                "value");
        List<CompletableFuture<String>> ended = new ArrayList<>(List.of(valueEnded));
        List<ActorRef<RolloutCommand>> rollouts = new ArrayList<>();
        for (String name : ROLLOUTS) {
            CompletableFuture<String> rolloutEnded = new CompletableFuture<>();
            rollouts.add(cluster.spawn(RolloutActor.create(rollout(aeron, name), rolloutEnded), name));
            ended.add(rolloutEnded);
        }
        int[][] prompts = Workload.prompts(
                shape.batch() * 16, shape.prompt(), model.config().vocabulary(), 5);
        try (references;
                rewards;
                LearnerNode learner = LearnerNode.start(
                        cluster,
                        aeron,
                        aeron.open("learner", null),
                        plan(),
                        new Paced(training, reference),
                        new WholeModel(model.config()),
                        draw -> prompts[(int) (draw % prompts.length)],
                        step -> {},
                        null)) {
            learner.ended()
                    .orTimeout(DEADLINE.toSeconds(), java.util.concurrent.TimeUnit.SECONDS)
                    .join();
            learner.announceEnd("done");
        }
        rollouts.forEach(r -> r.tell(new RolloutCommand.RunEnded("done")));
        CompletableFuture.allOf(ended.toArray(CompletableFuture[]::new)).join();
    }

    private LearnerPlan plan() {
        return new LearnerPlan(
                Needs.single(true, true),
                shape.warmup() + shape.steps(),
                shape.batch(),
                1,
                false,
                0,
                7,
                1.0,
                Duration.ofMinutes(1),
                shape.batch(),
                shape.batch(),
                Duration.ofMinutes(1),
                0,
                0,
                Duration.ofMinutes(2));
    }

    private RolloutSetup rollout(AeronNode aeron, String name) {
        try {
            Path journals = Files.createTempDirectory("troupe-bench");
            journals.toFile().deleteOnExit();
            RolloutSettings settings = new RolloutSettings(
                    1,
                    (shape.batch() + ROLLOUTS.size() - 1) / ROLLOUTS.size(),
                    0,
                    shape.prompt() + shape.completion(),
                    1,
                    Duration.ofMinutes(1),
                    Duration.ofMinutes(1),
                    shape.completion(),
                    SamplingConfig.atTemperature(1.0),
                    List.of());
            return new RolloutSetup(
                    name, aeron, null, settings, new WholeModel(model.config()), EndOfText.at(List.of()), journals);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a folder for the rollout's journal: " + e, e);
        }
    }

    /** Ends an actors' step when its weights are made, runs a plain step, and begins the next. */
    private final class Paced implements Training {
        private final OnlineTraining training;
        private final OnlineBench reference;
        private long begun;
        private int steps;

        Paced(OnlineTraining training, OnlineBench reference) {
            this.training = training;
            this.reference = reference;
        }

        @Override
        public Outcome train(long step, List<ScoredTrajectory> batch) {
            return training.train(step, batch);
        }

        @Override
        public PolicyWeights weights() {
            PolicyWeights made = training.weights();
            if (begun != 0) {
                double took = (System.nanoTime() - begun) * NANO;
                double other = reference.seconds();
                if (++steps > shape.warmup()) {
                    actors.add(took);
                    plain.add(other);
                }
            }
            begun = System.nanoTime();
            return made;
        }

        @Override
        public Path checkpoint(long step, Map<String, String> documents) {
            return Path.of("none");
        }

        @Override
        public void close() {}
    }

    private Map<String, Object> line() {
        double[] ratios = new double[plain.size()];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = actors.get(i) / plain.get(i);
        }
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("bench", "step");
        line.put("algo", "ppo");
        line.put("actors", true);
        line.put("model", String.valueOf(model.path().getFileName()));
        line.put("batch", shape.batch());
        line.put("prompt", shape.prompt());
        line.put("completion", shape.completion());
        line.put("epochs", shape.epochs());
        line.put("pairs", plain.size());
        line.put("actors_s", Workload.round(median(actors), 4));
        line.put("plain_s", Workload.round(median(plain), 4));
        line.put("ratio", Workload.round(Workload.median(ratios), 3));
        line.put(
                "actors_steps_s", actors.stream().map(t -> Workload.round(t, 4)).toList());
        line.put("plain_steps_s", plain.stream().map(t -> Workload.round(t, 4)).toList());
        return line;
    }

    private static double median(List<Double> values) {
        return Workload.median(values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
