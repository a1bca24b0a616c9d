package dev.troupe.train.offline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import dev.troupe.experience.Sequence;
import dev.troupe.model.Autograd;
import dev.troupe.model.Batch;
import dev.troupe.model.Decoder;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.TensorSet;
import dev.troupe.train.checkpoint.Checkpoint;
import dev.troupe.train.checkpoint.CheckpointStore;
import dev.troupe.train.fixture.TinyModels;
import dev.troupe.train.optim.Schedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OfflineTrainerTest {
    @TempDir
    Path folder;

    @Test
    void languageModellingLearnsARule() {
        try (TinyModels models = new TinyModels()) {
            List<Sequence> rows = counting(64, 1);
            List<Sequence> heldOut = counting(16, 2);
            double before =
                    models.policy.thread().call(() -> LanguageModelling.loss(models.policy.decoder(), heldOut, 8));
            trainer(models, 60, 16).train(new LanguageModelling(rows), 0, (step, metrics) -> true);
            double after =
                    models.policy.thread().call(() -> LanguageModelling.loss(models.policy.decoder(), heldOut, 8));
            assertThat(before).isGreaterThan(3);
            assertThat(after).isLessThan(before / 2);
        }
    }

    /** The right gradients are those of the same rows whose untrained positions are given weight 0 by autograd. */
    @Test
    void noGradientComesFromTokensThatAreNotTrained() {
        Sequence mixed = new Sequence(
                new int[] {4, 9, 17, 30, 11, 6, 25}, new boolean[] {false, false, true, true, false, false, true});
        try (TinyModels models = new TinyModels()) {
            Decoder decoder = models.policy.decoder();
            models.policy
                    .thread()
                    .run(() -> new LanguageModelling(List.of(mixed)).accumulate(decoder, new int[] {0}, 3));
            TensorSet got = models.policy.thread().call(decoder::exportGradients);
            models.policy.thread().run(() -> {
                decoder.zeroGrad();
                try (Batch batch = Batch.of(List.of(new TokenRow(mixed.ids(), 1)), Batch.Kind.COMPLETION);
                        Autograd.Recording recording = Autograd.record()) {
                    NDArray weights = batch.manager().create(new float[] {0, 1, 1, 0, 0, 1});
                    Autograd.backward(
                            decoder.logprobs(batch, 1).mul(weights).sum().div(-3));
                }
            });
            TensorSet expected = models.policy.thread().call(decoder::exportGradients);
            for (String name : expected.names()) {
                assertThat(got.get(name).floats())
                        .as(name)
                        .containsExactly(expected.get(name).floats(), within(1e-6f));
            }
        }
    }

    /** -log sigmoid(chosen - rejected - margin), in double precision from the model's scores. */
    @Test
    void theMarginOfAPairReachesTheLoss() {
        List<RewardModelling.Pair> pairs = pairs(6, 3).stream()
                .map(p -> new RewardModelling.Pair(
                        p.chosen(), p.rejected(), p.chosen().ids()[0] / 10.0))
                .toList();
        try (TinyModels models = new TinyModels()) {
            Decoder decoder = models.value.decoder();
            double expected = 0;
            for (RewardModelling.Pair pair : pairs) {
                float[] scores =
                        models.valueThread().call(() -> decoder.scores(List.of(pair.chosen(), pair.rejected()), 2));
                expected += Math.log1p(Math.exp(-(scores[0] - scores[1] - pair.margin()))) / pairs.size();
            }
            float[] statistics = models.valueThread()
                    .call(() -> new RewardModelling(pairs, 0)
                            .accumulate(decoder, new int[] {0, 1, 2, 3, 4, 5}, pairs.size()));
            assertThat((double) statistics[0]).isCloseTo(expected, within(1e-5));
        }
    }

    @Test
    void rewardModellingRanksHeldOutPairs() {
        try (TinyModels models = new TinyModels()) {
            OfflineTrainer trainer =
                    new OfflineTrainer(models.value, models.policy.thread(), settings(60, 16, Schedule.Kind.COSINE));
            trainer.train(new RewardModelling(pairs(128, 1), 0.01), 0, (step, metrics) -> true);
            double accuracy =
                    models.valueThread().call(() -> RewardModelling.accuracy(models.value.decoder(), pairs(64, 2), 16));
            assertThat(accuracy).isGreaterThan(0.85);
        }
    }

    @Test
    void twoThreadsGiveTheSameBytesEveryTimeAndResumeGoesOn() {
        Objective objective = new LanguageModelling(counting(40, 3));
        List<Double> losses = new ArrayList<>();
        String straight;
        Path[] saved = new Path[1];
        try (TinyModels models = new TinyModels()) {
            trainer(models, 12, 8).train(objective, 0, (step, metrics) -> {
                losses.add(metrics.get("loss"));
                if (step == 7) {
                    saved[0] = Checkpoint.write(
                            new CheckpointStore(folder, 1), step, 0, List.of(), List.of(models.policy), Map.of(), null);
                }
                return true;
            });
            straight = models.everything();
        }
        try (TinyModels models = new TinyModels()) {
            CheckpointStore.open(saved[0]).restore(models.policy);
            trainer(models, 12, 8).train(objective, 7, (step, metrics) -> {
                assertThat(metrics.get("loss")).isEqualTo(losses.get(step - 1));
                return true;
            });
            assertThat(models.everything()).isEqualTo(straight);
        }
    }

    @Test
    void aBrokenRowIsNamedAndNothingChanges() {
        try (TinyModels models = new TinyModels()) {
            Objective plain = new LanguageModelling(counting(8, 3));
            Objective broken = new Objective() {
                @Override
                public int items() {
                    return plain.items();
                }

                @Override
                public int length(int item) {
                    return plain.length(item);
                }

                @Override
                public int weight(int item) {
                    return plain.weight(item);
                }

                @Override
                public float[] accumulate(Decoder decoder, int[] items, double count) {
                    float[] statistics = plain.accumulate(decoder, items, count);
                    boolean bad = java.util.Arrays.stream(items).anyMatch(i -> i == 5);
                    return bad ? new float[] {Float.NaN} : statistics;
                }

                @Override
                public Map<String, Double> metrics(double[] statistics, double count) {
                    return plain.metrics(statistics, count);
                }
            };
            String before = models.everything();
            assertThatThrownBy(() -> trainer(models, 3, 8).train(broken, 0, (step, metrics) -> true))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("step 1")
                    .hasMessageContaining("row 5");
            assertThat(models.everything()).isEqualTo(before);
        }
    }

    @Test
    void emptyDataAndRowsWithoutCompletionAreRefused() {
        try (TinyModels models = new TinyModels()) {
            assertThatThrownBy(() ->
                            trainer(models, 1, 1).train(new LanguageModelling(List.of()), 0, (step, metrics) -> true))
                    .hasMessageContaining("no rows");
        }
        assertThatThrownBy(() -> new LanguageModelling(List.of(Sequence.after(2, 1, 2))))
                .hasMessageContaining("row 0");
    }

    private static OfflineTrainer trainer(TinyModels models, int steps, int batch) {
        return new OfflineTrainer(models.policy, models.valueThread(), settings(steps, batch, Schedule.Kind.COSINE));
    }

    private static OfflineSettings settings(int steps, int batch, Schedule.Kind kind) {
        return new OfflineSettings(batch, batch, 1e-2, new Schedule(kind, 0.1, steps), 1, 9);
    }

    /** Texts that count upwards from anywhere. */
    private static List<Sequence> counting(int rows, long seed) {
        Random random = new Random(seed);
        List<Sequence> out = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            int[] ids = new int[4 + random.nextInt(8)];
            ids[0] = 3 + random.nextInt(30);
            for (int t = 1; t < ids.length; t++) {
                ids[t] = ids[t - 1] + 1;
            }
            out.add(Sequence.whole(ids));
        }
        return out;
    }

    /** The text with the higher last token is the better one. */
    private static List<RewardModelling.Pair> pairs(int n, long seed) {
        Random random = new Random(seed);
        List<RewardModelling.Pair> out = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            int[] low = random.ints(5, 3, 48).toArray();
            int[] high = random.ints(5, 3, 48).toArray();
            low[4] = 3 + random.nextInt(20);
            high[4] = 26 + random.nextInt(20);
            out.add(new RewardModelling.Pair(new TokenRow(high, 1), new TokenRow(low, 1)));
        }
        return out;
    }
}
