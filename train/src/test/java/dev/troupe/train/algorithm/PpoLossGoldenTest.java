package dev.troupe.train.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.Autograd;
import dev.troupe.model.Libtorch;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.train.golden.Golden;
import dev.troupe.train.loss.KlEstimator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Everything between scores and gradients of TRL's PPO, executed by TRL's own lines. */
class PpoLossGoldenTest {
    static Stream<Golden.Case> cases() {
        return Golden.cases("loss/ppo", c -> c.kind().equals("loss/ppo"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void targets(Golden.Case golden) {
        int width = golden.columns("responses");
        List<Experience> batch = experience(golden);
        Ppo ppo = ppo(golden);
        Ppo.Shaped shaped = ppo.shaped(batch, ppo.klCoef());
        Targets t = ppo.targets(batch, ppo.klCoef());
        Targets.States states = t.states().orElseThrow();
        golden.check("scores_after_penalty", shaped.scores());
        golden.check("kl", padded(shaped.kl(), width));
        golden.check("rewards", padded(shaped.rewards(), width));
        golden.check("advantages", padded(t.advantages(), width));
        golden.check("returns", padded(states.returns(), width));
        golden.check("masked_values", padded(states.values(), width));
        t.metrics().forEach((name, value) -> golden.check("metrics." + name, value));
        assertThat(t.metrics()).hasSize(5);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void lossesAndGradients(Golden.Case golden) {
        try (TensorThread thread = TensorThread.start("loss", 1);
                NDManager scope = Libtorch.scope()) {
            thread.run(() -> lossesAndGradients(golden, scope));
        }
    }

    private void lossesAndGradients(Golden.Case golden, NDManager scope) {
        int width = golden.columns("responses");
        List<Experience> batch = experience(golden);
        Ppo ppo = ppo(golden);
        Targets t = ppo.targets(batch, ppo.klCoef());
        int[] tokens = batch.stream().mapToInt(Experience::length).toArray();
        int n = Arrays.stream(tokens).sum();
        NDArray logps = scope.create(flat(golden.input("new_token_logps"), tokens, width));
        logps.setRequiresGradient(true);
        Loss loss = ppo.loss();
        int[] all = java.util.stream.IntStream.range(0, batch.size()).toArray();
        LossInputs inputs = LossInputs.of(scope, batch, t, all, loss, ppo.klCoef(), n, batch.size());
        Map<String, NDArray> answers;
        try (Autograd.Recording on = Autograd.record()) {
            answers = inputs.loss(loss, logps, scope.create(entropies(golden)));
            Autograd.backward(Loss.of(answers));
        }
        golden.check("policy_loss", Loss.of(answers).getFloat());
        golden.check("grad_new_token_logps", grid(logps.getGradient().toFloatArray(), tokens, width));
        for (String name : List.of("policy/approxkl_avg", "policy/clipfrac_avg", "val/ratio")) {
            golden.check("metrics." + name, number(answers, name));
        }
        // The peer takes the mean over padding too, where a policy in training has no entropy.
        golden.check("metrics.policy/entropy_avg", number(answers, "policy/entropy_avg") * n / (batch.size() * width));
    }

    private static float number(Map<String, NDArray> answers, String name) {
        return Objects.requireNonNull(answers.get(name), name).getFloat();
    }

    private static Ppo ppo(Golden.Case golden) {
        var h = golden.hyper();
        return new Ppo(
                h.get("kl_coef").asDouble(),
                KlEstimator.of(h.get("kl_estimator").asText()),
                h.get("cliprange").asDouble(),
                h.get("gamma").asDouble(),
                h.get("lam").asDouble(),
                h.get("whiten_rewards").asBoolean(),
                h.get("missing_eos_penalty").asDouble(0),
                golden.columns("responses"),
                OffPolicy.NONE);
    }

    /** The responses, cut after the first end token as the peer does. */
    private static List<Experience> experience(Golden.Case golden) {
        int width = golden.columns("responses");
        int eos = golden.hyper().get("eos_token_id").asInt();
        int[] responses = golden.inputInts("responses");
        List<Experience> batch = new ArrayList<>();
        for (int r = 0; r < responses.length / width; r++) {
            int n = 0;
            while (n < width && responses[r * width + n] != eos) {
                n++;
            }
            boolean ended = n < width;
            n += ended ? 1 : 0;
            int[] completion = Arrays.copyOfRange(responses, r * width, r * width + n);
            batch.add(new Experience(
                    new TrajectoryId(r, 0),
                    TokenRow.of(new int[] {1}, completion),
                    ended ? FinishReason.FINISH_REASON_EOS : FinishReason.FINISH_REASON_LENGTH,
                    row(golden.input("token_logps"), r, width, n),
                    row(golden.input("token_logps"), r, width, n),
                    row(golden.input("ref_token_logps"), r, width, n),
                    row(golden.input("values"), r, width, n + 1),
                    golden.input("scores")[r],
                    new long[n]));
        }
        return batch;
    }

    /** The row's first n numbers; past the width, a number that must not count. */
    private static float[] row(float[] grid, int r, int width, int n) {
        float[] out = new float[n];
        for (int i = 0; i < n; i++) {
            out[i] = i < width ? grid[r * width + i] : 1000;
        }
        return out;
    }

    private static float[] entropies(Golden.Case golden) {
        float[] logits = golden.input("logits");
        int vocabulary =
                golden.json().path("inputs").path("logits").path("shape").get(2).asInt();
        float[] out = new float[logits.length / vocabulary];
        for (int i = 0; i < out.length; i++) {
            double sum = 0;
            double dot = 0;
            for (int j = 0; j < vocabulary; j++) {
                double e = Math.exp(logits[i * vocabulary + j]);
                sum += e;
                dot += e * logits[i * vocabulary + j];
            }
            out[i] = (float) (Math.log(sum) - dot / sum);
        }
        return out;
    }

    private static double[] padded(double[][] rows, int width) {
        double[] out = new double[rows.length * width];
        for (int r = 0; r < rows.length; r++) {
            System.arraycopy(rows[r], 0, out, r * width, rows[r].length);
        }
        return out;
    }

    private static float[] flat(float[] grid, int[] lengths, int width) {
        float[] out = new float[Arrays.stream(lengths).sum()];
        int at = 0;
        for (int r = 0; r < lengths.length; r++) {
            System.arraycopy(grid, r * width, out, at, lengths[r]);
            at += lengths[r];
        }
        return out;
    }

    private static double[] grid(float[] flat, int[] lengths, int width) {
        double[] out = new double[lengths.length * width];
        int at = 0;
        for (int r = 0; r < lengths.length; r++) {
            for (int t = 0; t < lengths[r]; t++) {
                out[r * width + t] = flat[at++];
            }
        }
        return out;
    }
}
