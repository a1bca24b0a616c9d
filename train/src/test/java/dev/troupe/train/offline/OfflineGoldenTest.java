package dev.troupe.train.offline;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.troupe.experience.Sequence;
import dev.troupe.model.Autograd;
import dev.troupe.model.Decoder;
import dev.troupe.model.Libtorch;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.train.golden.EndToEnd;
import dev.troupe.train.golden.Golden;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.optim.TrainedModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Losses and three optimizer steps of TRL's SFT and reward trainers. */
class OfflineGoldenTest {
    static Stream<Golden.Case> sft() {
        // TRL's dft weighs tokens by their probability; it comes with the offline algorithms.
        return Golden.cases(
                "loss/sft nll",
                c -> c.kind().equals("loss/sft")
                        && c.hyper().path("loss_type").asText().equals("nll"));
    }

    static Stream<Golden.Case> reward() {
        return Golden.cases("loss/reward", c -> c.kind().equals("loss/reward"));
    }

    static Stream<Golden.Case> endToEndSft() {
        return endToEnd("sft");
    }

    static Stream<Golden.Case> endToEndReward() {
        return endToEnd("reward");
    }

    private static Stream<Golden.Case> endToEnd(String algorithm) {
        return Golden.cases(
                "e2e " + algorithm,
                c -> c.kind().equals("e2e")
                        && c.json().path("algorithm").asText().equals(algorithm));
    }

    @ParameterizedTest
    @MethodSource("sft")
    void likelihood(Golden.Case golden) {
        try (TensorThread thread = TensorThread.start("sft", 1);
                NDManager scope = Libtorch.scope()) {
            thread.run(() -> {
                int[] labels = golden.inputInts("labels");
                int columns = golden.columns("labels");
                float[] all = Golden.floats(golden.expected().path("token_logps"));
                float[] picked = new float[all.length];
                int n = 0;
                for (int i = 0; i < all.length; i++) {
                    if (label(labels, columns, i) >= 0) {
                        picked[n++] = all[i];
                    }
                }
                NDArray logps = scope.create(Arrays.copyOf(picked, n));
                logps.setRequiresGradient(true);
                try (Autograd.Recording on = Autograd.record()) {
                    double count = golden.hyper().path("num_items_in_batch").asDouble(n);
                    NDList loss = OfflineLoss.likelihood(scope, logps, count);
                    Autograd.backward(loss.get(0));
                    golden.check("loss", loss.get(0).getFloat());
                }
                float[] gradient = logps.getGradient().toFloatArray();
                double[] spread = new double[all.length];
                n = 0;
                for (int i = 0; i < all.length; i++) {
                    spread[i] = label(labels, columns, i) >= 0 ? gradient[n++] : 0;
                }
                golden.check("grad_token_logps", spread);
            });
        }
    }

    /** The label that log-probability i, of a grid one column narrower, belongs to. */
    private static int label(int[] labels, int columns, int i) {
        return labels[i / (columns - 1) * columns + i % (columns - 1) + 1];
    }

    @ParameterizedTest
    @MethodSource("reward")
    void preference(Golden.Case golden) {
        try (TensorThread thread = TensorThread.start("reward", 1);
                NDManager scope = Libtorch.scope()) {
            thread.run(() -> {
                float[] chosen = golden.input("rewards_chosen");
                float[] rejected = golden.input("rewards_rejected");
                int pairs = chosen.length;
                float[] both = Arrays.copyOf(chosen, 2 * pairs);
                System.arraycopy(rejected, 0, both, pairs, pairs);
                float[] margin = golden.json().path("inputs").has("margin") ? golden.input("margin") : new float[pairs];
                NDArray scores = scope.create(both);
                scores.setRequiresGradient(true);
                NDList loss;
                try (Autograd.Recording on = Autograd.record()) {
                    double center =
                            golden.hyper().path("center_rewards_coefficient").asDouble(0);
                    loss = OfflineLoss.preference(scope, scores, scope.create(margin), center, pairs);
                    Autograd.backward(loss.get(0));
                }
                golden.check("loss", loss.get(0).getFloat());
                float[] gradient = scores.getGradient().toFloatArray();
                golden.check("grad_rewards_chosen", wide(Arrays.copyOf(gradient, pairs)));
                golden.check("grad_rewards_rejected", wide(Arrays.copyOfRange(gradient, pairs, 2 * pairs)));
                double[] statistics = wide(loss.get(1).toFloatArray());
                var metrics = new RewardModelling(List.of(), 0).metrics(statistics, pairs);
                golden.check("metrics.accuracy", metrics.get("rewards/accuracies"));
                golden.check("metrics.margin", metrics.get("rewards/margins"));
                golden.check("metrics.mean_reward", metrics.get("rewards/mean"));
            });
        }
    }

    @ParameterizedTest
    @MethodSource("endToEndSft")
    void threeStepsOfLanguageModelling(Golden.Case golden) {
        int columns = golden.columns("labels");
        int[] ids = golden.inputInts("input_ids");
        int[] labels = golden.inputInts("labels");
        List<Sequence> rows = new ArrayList<>();
        for (int r = 0; r < ids.length / columns; r++) {
            int[] row = EndToEnd.withoutPadding(ids, columns, r);
            boolean[] trained = new boolean[row.length];
            for (int i = 0; i < row.length; i++) {
                trained[i] = labels[r * columns + i] >= 0;
            }
            rows.add(new Sequence(row, trained));
        }
        train(golden, "policy", new LanguageModelling(rows));
    }

    @ParameterizedTest
    @MethodSource("endToEndReward")
    void threeStepsOfRewardModelling(Golden.Case golden) {
        int columns = golden.columns("input_ids");
        int[] ids = golden.inputInts("input_ids");
        int pairs = ids.length / columns / 2;
        List<RewardModelling.Pair> rows = new ArrayList<>();
        for (int p = 0; p < pairs; p++) {
            rows.add(new RewardModelling.Pair(
                    new TokenRow(EndToEnd.withoutPadding(ids, columns, p), 1),
                    new TokenRow(EndToEnd.withoutPadding(ids, columns, pairs + p), 1)));
        }
        double center = golden.hyper().path("center_rewards_coefficient").asDouble();
        train(golden, "reward", new RewardModelling(rows, center));
    }

    private static void train(Golden.Case golden, String role, Objective objective) {
        try (TensorThread thread = TensorThread.start("first", 1);
                TensorThread second = TensorThread.start("second", 1)) {
            Decoder decoder = thread.call(() -> EndToEnd.model(golden, role, true));
            double count = 0;
            int[] items = new int[objective.items()];
            for (int i = 0; i < items.length; i++) {
                items[i] = i;
                count += objective.weight(i);
            }
            double divisor = count;
            thread.run(() -> objective.accumulate(decoder, items, divisor));
            EndToEnd.checkFirstGradients(golden, "", thread.call(decoder::exportGradients));
            thread.run(decoder::zeroGrad);

            try (TrainedModel model = TrainedModel.of(role, decoder, EndToEnd.adam(golden), thread)) {
                OfflineSettings settings = new OfflineSettings(
                        items.length,
                        items.length,
                        EndToEnd.rate(golden),
                        new Schedule(Schedule.Kind.CONSTANT, 0, EndToEnd.steps(golden)),
                        EndToEnd.clip(golden),
                        1);
                List<Double> losses = new ArrayList<>();
                List<Double> norms = new ArrayList<>();
                new OfflineTrainer(model, second, settings).train(objective, 0, (step, metrics) -> {
                    losses.add(metrics.get("loss"));
                    norms.add(metrics.get("grad_norm"));
                    return true;
                });
                EndToEnd.checkLosses(golden, losses);
                EndToEnd.checkNorms(golden, norms);
                EndToEnd.checkParameters(golden, "", thread.call(decoder::export));
                assertThat(model.optimizer().steps()).isEqualTo(EndToEnd.steps(golden));
            }
        }
    }

    private static double[] wide(float[] x) {
        double[] out = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            out[i] = x[i];
        }
        return out;
    }
}
