package dev.troupe.learner.run;

import dev.troupe.learner.experience.ScoredTrajectory;
import dev.troupe.learner.optim.Shuffle;
import dev.troupe.learner.optim.TrainedModel;
import dev.troupe.learner.ppo.Experience;
import dev.troupe.learner.ppo.Fault;
import dev.troupe.learner.ppo.PpoUpdate;
import dev.troupe.learner.ppo.UpdateResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/** PPO as the learner actor drives it: policy and value model train together and travel under one version. */
public final class PpoTraining implements Training {

    /** Writes checkpoints of the two models. */
    @FunctionalInterface
    public interface Checkpoints {
        /** Writes the checkpoint of a step with the caller's documents in it; returns its folder. */
        Path write(long step, Map<String, String> documents);
    }

    /** Keeps this order apart from those of mini-batches. */
    private static final int SHUFFLED_REWARDS = 1_000_003;

    private final PpoUpdate update;
    private final TrainedModel policy;
    private final TrainedModel value;
    private final Checkpoints checkpoints;
    private final OptionalLong shuffleSeed;

    /**
     * The models are closed with the training.
     *
     * @param shuffleSeed gives every trajectory the reward of another one of its batch, drawn from this seed: a
     *     control, for then there is nothing to learn; empty for real training
     */
    public PpoTraining(
            PpoUpdate update,
            TrainedModel policy,
            TrainedModel value,
            Checkpoints checkpoints,
            OptionalLong shuffleSeed) {
        this.update = update;
        this.policy = policy;
        this.value = value;
        this.checkpoints = checkpoints;
        this.shuffleSeed = shuffleSeed;
    }

    @Override
    public Outcome train(long step, List<ScoredTrajectory> batch) {
        int[] rewardOf = shuffleSeed.isPresent()
                ? Shuffle.order(shuffleSeed.getAsLong(), step, SHUFFLED_REWARDS, batch.size())
                : IntStream.range(0, batch.size()).toArray();
        List<Experience> experience = IntStream.range(0, batch.size())
                .mapToObj(i ->
                        experience(batch.get(i), batch.get(rewardOf[i]).scores().reward()))
                .toList();
        long from = WallClock.micros();
        UpdateResult result = update.run(step - 1, experience);
        long to = WallClock.micros();
        Fault fault = result.fault();
        return new Outcome(
                result.metrics(), from, to, Optional.ofNullable(fault).map(Fault::message));
    }

    private static Experience experience(ScoredTrajectory t, float reward) {
        return new Experience(
                t.trajectory().id(),
                t.trajectory().row(),
                t.trajectory().finishReason(),
                t.trajectory().behaviourLogprobs(),
                t.scores().reference(),
                t.scores().values(),
                reward);
    }

    @Override
    public PolicyWeights weights() {
        var policySet = policy.submit(() -> policy.decoder().export());
        var valueSet = value.submit(() -> value.decoder().export());
        return PolicyWeights.of(Map.of("policy", policySet.join(), "value", valueSet.join()));
    }

    @Override
    public Path checkpoint(long step, Map<String, String> documents) {
        return checkpoints.write(step, documents);
    }

    @Override
    public void close() {
        for (TrainedModel model : List.of(policy, value)) {
            model.close();
            model.thread().run(model.decoder()::close);
            model.thread().close();
        }
    }
}
