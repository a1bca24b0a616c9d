package dev.troupe.learner.run;

import dev.troupe.learner.experience.ScoredTrajectory;
import dev.troupe.learner.experience.Scores;
import dev.troupe.proto.TensorSet;
import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.optim.Shuffle;
import dev.troupe.train.optim.TrainedModel;
import dev.troupe.train.update.Fault;
import dev.troupe.train.update.PolicyUpdate;
import dev.troupe.train.update.UpdateResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

/**
 * An online algorithm as the learner actor drives it. Where there is a value model it trains with the policy, and both
 * travel under one version.
 */
public final class OnlineTraining implements Training {

    /** Writes checkpoints of the models. */
    @FunctionalInterface
    public interface Checkpoints {
        /** Writes the checkpoint of a step with the caller's documents in it; returns its folder. */
        Path write(long step, Map<String, String> documents);
    }

    /** Where a checkpoint keeps the coefficient of the KL. */
    public static final String KL_DOCUMENT = "kl.json";

    /** Keeps this order apart from those of mini-batches. */
    private static final int SHUFFLED_REWARDS = 1_000_003;

    private final PolicyUpdate update;
    private final Checkpoints checkpoints;
    private final OptionalLong shuffleSeed;

    /**
     * The models are closed with the training.
     *
     * @param shuffleSeed gives every trajectory the reward of another one of its batch, drawn from this seed: a
     *     control, for then there is nothing to learn; empty for real training
     */
    public OnlineTraining(PolicyUpdate update, Checkpoints checkpoints, OptionalLong shuffleSeed) {
        this.update = update;
        this.checkpoints = checkpoints;
        this.shuffleSeed = shuffleSeed;
    }

    @Override
    public Outcome train(long step, List<ScoredTrajectory> batch) {
        int[] rewardOf = shuffleSeed.isPresent()
                ? Shuffle.order(shuffleSeed.getAsLong(), step, SHUFFLED_REWARDS, batch.size())
                : IntStream.range(0, batch.size()).toArray();
        List<Experience> experience = IntStream.range(0, batch.size())
                .mapToObj(i -> experience(batch.get(i), batch.get(rewardOf[i]).scores()))
                .toList();
        long from = WallClock.micros();
        UpdateResult result = update.run(step - 1, experience);
        long to = WallClock.micros();
        Fault fault = result.fault();
        return new Outcome(
                result.metrics(), from, to, Optional.ofNullable(fault).map(Fault::message));
    }

    private static Experience experience(ScoredTrajectory t, Scores rewarded) {
        return new Experience(
                t.trajectory().id(),
                t.trajectory().row(),
                t.trajectory().finishReason(),
                t.trajectory().behaviourLogprobs(),
                t.trajectory().behaviourLogprobs(),
                t.scores().reference(),
                t.scores().values(),
                rewarded.reward(),
                rewarded.rewards(),
                t.trajectory().versions(),
                t.scores().teacher());
    }

    @Override
    public PolicyWeights weights() {
        Map<String, CompletableFuture<TensorSet>> sets = new TreeMap<>();
        for (TrainedModel model : update.models()) {
            sets.put(model.name(), model.submit(() -> model.decoder().export()));
        }
        Map<String, TensorSet> made = new TreeMap<>();
        sets.forEach((name, set) -> made.put(name, set.join()));
        return new PolicyWeights(made);
    }

    @Override
    public Path checkpoint(long step, Map<String, String> documents) {
        Map<String, String> all = new TreeMap<>(documents);
        all.put(KL_DOCUMENT, "{\"kl_coef\": " + update.kl().coefficient() + "}\n");
        return checkpoints.write(step, all);
    }

    @Override
    public void close() {
        update.close();
    }
}
