package dev.troupe.train.update;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.HostTensor;
import dev.troupe.proto.TensorSet;
import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.KlControl;
import dev.troupe.train.algorithm.OffPolicy;
import dev.troupe.train.fixture.TinyModels;
import dev.troupe.train.loss.KlEstimator;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.optim.TrainedModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PolicyUpdateTest {
    private final TinyModels models = new TinyModels();

    @AfterEach
    void close() {
        models.close();
    }

    @Test
    void trainsAndReportsEveryMetricOfTheContract() {
        String before = models.hashes();
        UpdateResult result = update(2, 2, 3).run(0, models.experience(8, 1));
        assertThat(result.applied()).isTrue();
        assertThat(models.hashes()).isNotEqualTo(before);
        assertThat(models.policy.optimizer().steps()).isEqualTo(4);
        assertThat(result.metrics().keySet())
                .contains(
                        "objective/scores",
                        "objective/kl",
                        "objective/entropy",
                        "objective/rlhf_reward",
                        "objective/non_score_reward",
                        "policy/approxkl_avg",
                        "policy/clipfrac_avg",
                        "policy/entropy_avg",
                        "loss/policy_avg",
                        "loss/value_avg",
                        "val/ratio",
                        "val/clipfrac_avg",
                        "grad_norm",
                        "lr");
    }

    @Test
    void sameBatchAndStepGiveTheSameBytes() {
        List<Experience> batch = models.experience(8, 1);
        update(2, 4, 2).run(3, batch);
        String first = models.everything();
        try (TinyModels again = new TinyModels()) {
            again.update(TinyModels.settings(2, 4, 2), schedule(), 1e-3).run(3, batch);
            assertThat(again.everything()).isEqualTo(first);
        }
        try (TinyModels other = new TinyModels()) {
            other.update(TinyModels.settings(2, 4, 2), schedule(), 1e-3).run(4, batch);
            assertThat(other.hashes()).as("another step draws another order").isNotEqualTo(first);
        }
    }

    @Test
    void learningRateZeroChangesNothing() {
        String before = models.hashes();
        UpdateResult result =
                models.update(TinyModels.settings(4, 1, 8), schedule(), 0).run(0, models.experience(8, 1));
        assertThat(result.applied()).isTrue();
        assertThat(models.hashes()).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"score", "behaviour logprobs", "reference logprobs", "values"})
    void badInputIsNamedAndSkipsTheUpdate(String where) {
        List<Experience> batch = new ArrayList<>(models.experience(6, 2));
        Experience e = batch.get(4);
        float[] behaviour = e.behaviourLogprobs().clone();
        float[] reference = e.referenceLogprobs().clone();
        float[] values = e.values().clone();
        float score = e.score();
        switch (where) {
            case "score" -> score = Float.NaN;
            case "behaviour logprobs" -> behaviour[1] = Float.NEGATIVE_INFINITY;
            case "reference logprobs" -> reference[0] = Float.NaN;
            default -> values[1] = Float.POSITIVE_INFINITY;
        }
        batch.set(4, changed(e, behaviour, reference, values, score));
        String before = models.everything();
        UpdateResult result = update(2, 1, 6).run(0, batch);
        Fault fault = Objects.requireNonNull(result.fault());
        assertThat(fault.tensor()).isEqualTo(where);
        assertThat(fault.sample()).isEqualTo(new TrajectoryId(4, 1));
        assertThat(fault.message()).contains("4/1");
        assertThat(models.everything()).isEqualTo(before);
    }

    @Test
    void aLossThatOverflowsLateIsUndoneWhole() {
        List<Experience> batch = new ArrayList<>(models.experience(6, 2));
        Experience e = batch.get(3);
        float[] behaviour = e.behaviourLogprobs().clone();
        behaviour[0] = -500; // the ratio overflows, while every number going in is finite
        batch.set(3, changed(e, behaviour, behaviour, e.values(), -3));
        models.experience(1, 1);
        String before = models.everything();
        // Two mini-batches: with this seed and step the first has no bad row, so weights have changed when it is met.
        UpdateResult result = update(1, 2, 3).run(stepWithBadRowLast(batch, 3), batch);
        Fault fault = Objects.requireNonNull(result.fault());
        assertThat(fault.tensor()).isEqualTo("policy ratio");
        assertThat(fault.sample()).isEqualTo(new TrajectoryId(3, 1));
        assertThat(models.everything()).isEqualTo(before);
    }

    /** Prompts long enough for even so small a model to share them; rows one at a time share nothing. */
    @Test
    void completionsBehindOnePromptTrainAsInALineEach() {
        List<TokenRow> rows = new ArrayList<>();
        Random random = new Random(5);
        for (int r = 0; r < 8; r++) {
            int[] prompt = new Random(r / 4).ints(30, 3, 48).toArray();
            rows.add(TokenRow.of(prompt, random.ints(2 + r % 4, 3, 48).toArray()));
        }
        // Not sampled by this very policy: with ratios of 1 the loss would be a sum of whitened advantages, which is 0.
        List<Experience> batch = models.experience(rows, random).stream()
                .map(e -> {
                    float[] behaviour = e.behaviourLogprobs().clone();
                    for (int t = 0; t < behaviour.length; t++) {
                        behaviour[t] += 0.3f * (random.nextFloat() - 0.5f);
                    }
                    return changed(e, behaviour, e.referenceLogprobs(), e.values(), e.score());
                })
                .toList();
        assertThat(models.policy.decoder().sharesPrompts(rows)).isTrue();
        List<double[]> seen = new ArrayList<>();
        for (int microBatch : new int[] {8, 1}) {
            try (TinyModels fresh = new TinyModels()) {
                PolicyUpdate update = fresh.update(
                        TinyModels.settings(1, 1, microBatch), new Schedule(Schedule.Kind.CONSTANT, 0, 1), 1e-3);
                update.beforeEachStep((policy, value, norm) ->
                        seen.add(new double[] {policy.get(MicroBatch.LOSS), value.get(MicroBatch.LOSS), norm}));
                assertThat(update.run(0, batch).fault()).isNull();
            }
        }
        assertThat(seen).hasSize(2);
        for (int i = 0; i < 3; i++) {
            // Fp32 sums of terms of size one.
            assertThat(seen.get(0)[i]).isCloseTo(seen.get(1)[i], within(1e-5 * Math.abs(seen.get(1)[i]) + 1e-6));
            assertThat(Math.abs(seen.get(0)[i])).isGreaterThan(0.003);
        }
    }

    /** What is not a number in one completion reaches all that stand in its line, and yet the right one is named. */
    @Test
    void theTrajectoryIsNamedThoughOthersShareItsPrompt() {
        List<TokenRow> rows = new ArrayList<>();
        int[] prompt = new Random(1).ints(30, 4, 48).toArray();
        for (int r = 0; r < 4; r++) {
            rows.add(TokenRow.of(prompt, new int[] {5, r == 2 ? 3 : 4, 6}));
        }
        List<Experience> batch = models.experience(rows, new Random(2));
        poison(models.value, 3);
        Fault fault = Objects.requireNonNull(update(1, 1, 4).run(0, batch).fault());
        assertThat(fault.tensor()).isEqualTo("new values");
        assertThat(fault.sample()).isEqualTo(batch.get(2).id());
    }

    /** No number of a token's embedding is one any more. */
    private static void poison(TrainedModel model, int token) {
        TensorSet weights = model.thread().call(() -> model.decoder().export());
        Map<String, HostTensor> tensors = new LinkedHashMap<>(weights.tensors());
        HostTensor embedding = weights.get("model.embed_tokens.weight");
        float[] numbers = embedding.floats();
        int width = (int) embedding.shape()[1];
        for (int i = 0; i < width; i++) {
            numbers[token * width + i] = Float.NaN;
        }
        tensors.put("model.embed_tokens.weight", HostTensor.ofFloats(numbers, embedding.shape()));
        model.thread().run(() -> model.decoder().assign(TensorSet.of(tensors)));
    }

    private long stepWithBadRowLast(List<Experience> batch, int bad) {
        for (long step = 0; step < 100; step++) {
            MiniBatch first = MiniBatch.ofEpoch(
                            batch,
                            TinyModels.ppo(6).targets(batch, 0.05),
                            TinyModels.ppo(6).needs(),
                            TinyModels.settings(1, 2, 3),
                            step,
                            0,
                            rows -> false)
                    .get(0);
            if (first.microBatches().stream()
                    .flatMapToInt(java.util.Arrays::stream)
                    .noneMatch(r -> r == bad)) {
                return step;
            }
        }
        throw new AssertionError("no order has the row last");
    }

    @Test
    void anOutputThatIsNotFiniteNamesTheTrajectory() {
        // Row 2 alone holds token 3.
        List<Experience> batch = new ArrayList<>();
        for (Experience e : models.experience(5, 4)) {
            int[] ids = java.util.Arrays.stream(e.row().ids())
                    .map(id -> id == 3 ? 4 : id)
                    .toArray();
            ids[1] = batch.size() == 2 ? 3 : ids[1];
            batch.add(new Experience(
                    e.id(),
                    new TokenRow(ids, e.row().promptLength()),
                    e.finishReason(),
                    e.behaviourLogprobs(),
                    e.proximalLogprobs(),
                    e.referenceLogprobs(),
                    e.values(),
                    e.score(),
                    e.versions()));
        }
        poison(models.value, 3);
        Fault fault = Objects.requireNonNull(update(1, 1, 5).run(0, batch).fault());
        assertThat(fault.tensor()).isEqualTo("new values");
        assertThat(fault.sample()).isEqualTo(new TrajectoryId(2, 1));
    }

    @Test
    void passesEndOnceThePolicyHasMovedTooFar() {
        UpdateSettings nearly = new UpdateSettings(5, 1, 8, 0.2, 0.1, 1, 1, 1e-12, 7);
        UpdateResult result = models.update(nearly, schedule(), 1e-3).run(0, models.experience(8, 1));
        assertThat(result.applied()).isTrue();
        assertThat(models.policy.optimizer().steps())
                .as("the first is always made")
                .isEqualTo(1);
        assertThat(models.value.optimizer().steps()).isEqualTo(1);
    }

    @Test
    void completionsLongerThanTheSettingAreRefused() {
        PolicyUpdate update = new PolicyUpdate(
                TinyModels.ppo(1),
                OffPolicy.NONE,
                KlControl.fixed(0),
                TinyModels.settings(1, 1, 4),
                schedule(),
                new PolicyUpdate.Learner(models.policy, 1e-3),
                new PolicyUpdate.Learner(models.value, 1e-3));
        List<Experience> batch = models.experience(2, 1);
        assertThatThrownBy(() -> update.run(0, batch)).hasMessageContaining("max_new_tokens = 1");
    }

    @Test
    void settingsNameTheKey() {
        assertThatThrownBy(() -> TinyModels.settings(0, 1, 1)).hasMessageContaining("num_ppo_epochs = 0");
        assertThatThrownBy(() -> KlEstimator.of("k4")).hasMessageContaining("kl_estimator = k4");
        assertThatThrownBy(() -> Schedule.Kind.of("cosin")).hasMessageContaining("lr_scheduler_type = cosin");
    }

    private static Experience changed(Experience e, float[] behaviour, float[] reference, float[] values, float score) {
        return new Experience(
                e.id(), e.row(), e.finishReason(), behaviour, behaviour, reference, values, score, e.versions());
    }

    private PolicyUpdate update(int epochs, int miniBatches, int microBatch) {
        return models.update(TinyModels.settings(epochs, miniBatches, microBatch), schedule(), 1e-3);
    }

    private static Schedule schedule() {
        return new Schedule(Schedule.Kind.CONSTANT, 0, 10);
    }
}
