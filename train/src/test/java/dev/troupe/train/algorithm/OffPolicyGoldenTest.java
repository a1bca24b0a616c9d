package dev.troupe.train.algorithm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.troupe.model.Autograd;
import dev.troupe.model.Libtorch;
import dev.troupe.model.TensorThread;
import dev.troupe.train.golden.Golden;
import dev.troupe.train.loss.Gae;
import dev.troupe.train.loss.VTrace;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Corrections for stale samples, against float64 numbers written from the papers' formulas. */
class OffPolicyGoldenTest {
    static Stream<Golden.Case> decoupled() {
        return of("loss/decoupled-ppo");
    }

    static Stream<Golden.Case> logLinear() {
        return of("loss/prox-loglinear");
    }

    static Stream<Golden.Case> vtrace() {
        return of("loss/vtrace");
    }

    static Stream<Golden.Case> overlong() {
        return of("loss/soft-overlong");
    }

    private static Stream<Golden.Case> of(String kind) {
        return Golden.cases(kind, c -> c.kind().equals(kind));
    }

    @ParameterizedTest
    @MethodSource("decoupled")
    void decoupledLossGradientAndWeights(Golden.Case golden) {
        var h = golden.hyper();
        boolean mask = h.get("behave_weight").asText().equals("mask");
        OffPolicy offPolicy = new OffPolicy(
                OffPolicy.Kind.DECOUPLED,
                Check.oneOf(OffPolicy.Level.class, "level", h.get("level").asText()),
                mask ? OffPolicy.Mode.MASK : OffPolicy.Mode.TRUNCATE,
                0,
                h.get("cap").asDouble(),
                OffPolicy.Proximal.RECOMPUTE,
                1,
                1);
        LossCase c = new LossCase(golden, "mask");
        double[][] behaviour = c.numbers("behave_token_logps");
        double[][] proximal = c.numbers("prox_token_logps");
        double[][] weights = IntStream.range(0, c.rows())
                .mapToObj(r -> offPolicy.weights(behaviour[r], proximal[r]))
                .toArray(double[][]::new);
        golden.check("behave_weight", c.withPadding("behave_weight", weights));
        ReinforcePlusPlus clipped = new ReinforcePlusPlus(
                0,
                dev.troupe.train.loss.KlEstimator.K1,
                h.get("eps_clip").asDouble(),
                h.get("eps_clip_higher").asDouble(),
                false,
                0);
        List<Experience> batch = c.experience(behaviour, proximal, new double[0][], new double[c.rows()], 1);
        Targets targets = new Targets(c.numbers("advantages"), Optional.empty(), new int[0], Map.of());
        try (TensorThread thread = TensorThread.start("loss", 1)) {
            thread.run(() -> {
                try (NDManager scope = Libtorch.scope()) {
                    Loss loss = clipped.loss();
                    int tokens = Arrays.stream(weights).mapToInt(w -> w.length).sum();
                    int[] all = IntStream.range(0, c.rows()).toArray();
                    LossInputs inputs =
                            LossInputs.of(scope, DataType.FLOAT64, batch, targets, all, loss, 0, tokens, c.rows());
                    // Experience holds float32; the case's tolerance wants its float64.
                    inputs.put("proximal", flat(proximal));
                    inputs.put("weight", flat(weights));
                    NDArray current = scope.create(flat(c.numbers("token_logps")));
                    current.setRequiresGradient(true);
                    try (Autograd.Recording on = Autograd.record()) {
                        NDArray value = Loss.of(inputs.loss(loss, current, current.duplicate()));
                        Autograd.backward(value);
                        golden.check("loss", value.getDouble());
                    }
                    golden.check(
                            "grad_token_logps",
                            c.grid(rows(current.getGradient().toDoubleArray(), weights)));
                }
            });
        }
    }

    @ParameterizedTest
    @MethodSource("logLinear")
    void proximalOnTheLine(Golden.Case golden) {
        int columns = golden.columns("token_logps");
        double[] behaviour = Golden.doubles(golden.json().path("inputs").path("behave_token_logps"));
        double[] current = Golden.doubles(golden.json().path("inputs").path("token_logps"));
        double[] sampled = Golden.doubles(golden.json().path("inputs").path("v_behave"));
        double[] started = Golden.doubles(golden.json().path("inputs").path("v_prox"));
        double[] trained = Golden.doubles(golden.json().path("inputs").path("v_theta"));
        double[] want = Golden.doubles(golden.expected().path("prox_token_logps"));
        double[] alpha = Golden.doubles(golden.expected().path("alpha"));
        int checked = 0;
        for (int i = 0; i < want.length; i++) {
            // Our current version is the one in the making, one above the proximal.
            if (trained[i] != started[i] + 1) {
                continue;
            }
            double got = OffPolicy.logLinear(
                    new double[] {behaviour[i]}, new double[] {current[i]}, new long[] {(long) sampled[i]}, (long)
                            started[i])[0];
            assertThat(got)
                    .as("token %d of %d columns", i, columns)
                    .isCloseTo(want[i], within(1e-7 + 1e-6 * Math.abs(want[i])));
            assertThat((got - behaviour[i]) / (current[i] - behaviour[i])).isCloseTo(alpha[i], within(1e-6));
            checked++;
        }
        assertThat(checked).as("tokens of versions that a run can have").isPositive();
    }

    @ParameterizedTest
    @MethodSource("vtrace")
    void targetsAndAdvantages(Golden.Case golden) {
        var h = golden.hyper();
        LossCase c = new LossCase(golden, "mask");
        double[][] behaviour = c.numbers("behave_token_logps");
        double[][] current = c.numbers("token_logps");
        double[][] targets = new double[c.rows()][];
        double[][] advantages = new double[c.rows()][];
        for (int r = 0; r < c.rows(); r++) {
            double[] ratios = new double[current[r].length];
            for (int t = 0; t < ratios.length; t++) {
                ratios[t] = current[r][t] - behaviour[r][t];
            }
            VTrace trace = VTrace.of(
                    c.numbers("rewards")[r],
                    c.numbers("values")[r],
                    ratios,
                    h.get("gamma").asDouble(),
                    h.get("lambda").asDouble(),
                    h.get("rho_bar").asDouble(),
                    h.get("c_bar").asDouble());
            targets[r] = trace.values();
            advantages[r] = trace.advantages();
        }
        golden.check("vs", c.grid(targets));
        golden.check("pg_advantages", c.grid(advantages));
    }

    @ParameterizedTest
    @MethodSource("overlong")
    void softOverlong(Golden.Case golden) {
        Overlong overlong = new Overlong(
                golden.hyper().get("max_completion_len").asInt(),
                golden.hyper().get("soft_punish_cache").asInt());
        golden.check(
                "rewards",
                Arrays.stream(Golden.doubles(golden.json().path("inputs").path("completion_lengths")))
                        .map(n -> overlong.reward((int) n))
                        .toArray());
    }

    @Test
    void equalPoliciesNeedNoCorrection() {
        Random random = new Random(3);
        double[] logprobs = random.doubles(9, -4, 0).toArray();
        for (OffPolicy.Kind kind : OffPolicy.Kind.values()) {
            for (OffPolicy.Level level : OffPolicy.Level.values()) {
                OffPolicy any =
                        new OffPolicy(kind, level, OffPolicy.Mode.MASK, 0.9, 1.5, OffPolicy.Proximal.RECOMPUTE, 1, 1);
                assertThat(any.weights(logprobs, logprobs)).containsOnly(1.0);
            }
        }
        double[] rewards = random.doubles(9, -1, 1).toArray();
        double[] values = random.doubles(9, -1, 1).toArray();
        VTrace trace = VTrace.of(rewards, values, new double[9], 0.97, 0.9, 1, 1);
        double[] gae = Gae.advantages(rewards, values, 0.97, 0.9);
        for (int t = 0; t < 9; t++) {
            assertThat(trace.values()[t]).isCloseTo(gae[t] + values[t], within(1e-12));
        }
    }

    @Test
    void whatDoesNotFitIsRefusedByItsKey() {
        OffPolicy vtrace = new OffPolicy(
                OffPolicy.Kind.VTRACE,
                OffPolicy.Level.TOKEN,
                OffPolicy.Mode.TRUNCATE,
                0,
                2,
                OffPolicy.Proximal.RECOMPUTE,
                1,
                1);
        OffPolicy token = new OffPolicy(
                OffPolicy.Kind.DECOUPLED,
                OffPolicy.Level.TOKEN,
                OffPolicy.Mode.MASK,
                0,
                5,
                OffPolicy.Proximal.LOGLINEAR,
                1,
                1);
        Rloo rloo = new Rloo(0.05, 0.2, 0.2, false, -1, 1, 0);
        assertThatThrownBy(() -> vtrace.requireFits(rloo)).hasMessageStartingWith("off_policy.correction = vtrace");
        assertThatThrownBy(() -> token.requireFits(rloo)).hasMessageStartingWith("off_policy.level = token");
        assertThatThrownBy(() -> token.requireFits(new OnlineDpo(0.1, false, 0)))
                .hasMessageContaining("online_dpo has no ratio");
        assertThatThrownBy(() -> Check.oneOf(OffPolicy.Kind.class, "off_policy.correction", "magic"))
                .hasMessage("off_policy.correction = magic: expected one of none, decoupled, truncated_is, vtrace");
        assertThat(Objects.requireNonNull(OffPolicy.NONE.kind())).isEqualTo(OffPolicy.Kind.NONE);
    }

    private static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    private static double[][] rows(double[] flat, double[][] like) {
        double[][] out = new double[like.length][];
        int at = 0;
        for (int r = 0; r < out.length; r++) {
            out[r] = Arrays.copyOfRange(flat, at, at + like[r].length);
            at += like[r].length;
        }
        return out;
    }
}
