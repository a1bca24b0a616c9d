package dev.troupe.train.update;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.Decoder;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.KlControl;
import dev.troupe.train.algorithm.OffPolicy;
import dev.troupe.train.algorithm.Ppo;
import dev.troupe.train.algorithm.Targets;
import dev.troupe.train.golden.EndToEnd;
import dev.troupe.train.golden.Golden;
import dev.troupe.train.loss.KlEstimator;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.optim.TrainedModel;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Three optimizer steps of TRL's PPO on a tiny Llama, whole and cut into micro-batches, side by side and in turns. */
class PpoUpdateGoldenTest {
    private static final double TRL_TEMPERATURE_EPSILON = 1e-7;

    private final TensorThread policyThread = TensorThread.start("policy", 1);
    private TensorThread valueThread = policyThread;

    @ParameterizedTest
    @CsvSource({"4, false", "1, false", "3, false", "3, true"})
    void threeSteps(int microBatch, boolean inTurns) {
        if (!inTurns) {
            valueThread = TensorThread.start("value", 1);
        }
        for (Golden.Case golden : cases().toList()) {
            threeSteps(golden, microBatch);
        }
        policyThread.close();
        valueThread.close();
    }

    private static Stream<Golden.Case> cases() {
        return Golden.cases(
                "e2e ppo",
                c -> c.kind().equals("e2e")
                        && c.json().path("algorithm").asText().equals("ppo"));
    }

    private void threeSteps(Golden.Case golden, int microBatch) {
        Ppo ppo = ppo(golden);
        UpdateSettings settings = settings(golden, microBatch);
        Decoder policyDecoder = policyThread.call(() -> EndToEnd.model(golden, "policy", true));
        Decoder valueDecoder = valueThread.call(() -> EndToEnd.model(golden, "value", true));
        List<Experience> batch =
                policyThread.call(() -> experience(golden, ppo, settings, policyDecoder, valueDecoder));
        Targets targets = ppo.targets(batch, ppo.klCoef());
        close(golden, "advantages", targets.advantages(), ppo.width());
        close(golden, "returns", targets.states().orElseThrow().returns(), ppo.width());

        TrainedModel policy = TrainedModel.of("policy", policyDecoder, EndToEnd.adam(golden), policyThread);
        TrainedModel value = TrainedModel.of("value", valueDecoder, EndToEnd.adam(golden), valueThread);
        Schedule schedule = new Schedule(Schedule.Kind.CONSTANT, 0, 1);
        PolicyUpdate update = new PolicyUpdate(
                ppo,
                OffPolicy.NONE,
                KlControl.fixed(ppo.klCoef()),
                settings,
                schedule,
                new PolicyUpdate.Learner(policy, EndToEnd.rate(golden)),
                new PolicyUpdate.Learner(value, EndToEnd.rate(golden)));
        List<Double> losses = new ArrayList<>();
        List<Double> norms = new ArrayList<>();
        update.beforeEachStep((policyStatistics, valueStatistics, norm) -> {
            losses.add(policyStatistics.get("loss") + settings.vfCoef() * valueStatistics.get("loss"));
            norms.add(norm);
            if (losses.size() == 1) {
                EndToEnd.checkFirstGradients(golden, "policy.", policyThread.call(policyDecoder::exportGradients));
                EndToEnd.checkFirstGradients(golden, "value_model.", valueThread.call(valueDecoder::exportGradients));
            }
            if (losses.size() == settings.epochs()) {
                var metrics = golden.expected().path("metrics");
                assertThat(policyStatistics.get("loss"))
                        .isCloseTo(metrics.path("policy_loss").asDouble(), within(1e-4));
                assertThat(valueStatistics.get("loss"))
                        .isCloseTo(metrics.path("value_loss").asDouble(), within(1e-4));
            }
        });
        UpdateResult result = update.run(0, batch);
        assertThat(result.fault()).isNull();
        EndToEnd.checkLosses(golden, losses);
        EndToEnd.checkNorms(golden, norms);
        EndToEnd.checkParameters(golden, "policy.", policyThread.call(policyDecoder::export));
        EndToEnd.checkParameters(golden, "value_model.", valueThread.call(valueDecoder::export));
        policy.close();
        value.close();
    }

    private static UpdateSettings settings(Golden.Case golden, int microBatch) {
        var h = golden.hyper();
        return new UpdateSettings(
                EndToEnd.steps(golden),
                1,
                microBatch,
                h.path("cliprange_value").asDouble(),
                h.path("vf_coef").asDouble(),
                EndToEnd.clip(golden),
                h.path("temperature").asDouble() + TRL_TEMPERATURE_EPSILON,
                Double.POSITIVE_INFINITY,
                0);
    }

    private static Ppo ppo(Golden.Case golden) {
        var h = golden.hyper();
        return new Ppo(
                h.path("kl_coef").asDouble(),
                KlEstimator.of(h.path("kl_estimator").asText()),
                h.path("cliprange").asDouble(),
                h.path("gamma").asDouble(),
                h.path("lam").asDouble(),
                h.path("whiten_rewards").asBoolean(),
                h.path("missing_eos_penalty").asDouble(0),
                golden.columns("response_ids"),
                OffPolicy.NONE);
    }

    /** Log-probabilities, values and scores by our own models; the case says what they must be. */
    private static List<Experience> experience(
            Golden.Case golden, Ppo ppo, UpdateSettings settings, Decoder policy, Decoder value) {
        int width = ppo.width();
        int[] queries = golden.inputInts("query_ids");
        int[] responses = golden.inputInts("response_ids");
        List<TokenRow> rows = new ArrayList<>();
        for (int r = 0; r < responses.length / width; r++) {
            rows.add(TokenRow.of(
                    EndToEnd.withoutPadding(queries, golden.columns("query_ids"), r),
                    EndToEnd.withoutPadding(responses, width, r)));
        }
        List<float[]> logprobs = policy.logprobs(rows, settings.temperature(), 4);
        List<float[]> reference;
        try (Decoder decoder = EndToEnd.model(golden, "reference", false)) {
            reference = decoder.logprobs(rows, settings.temperature(), 4);
        }
        List<float[]> values = value.values(rows, 4);
        float[] scores;
        try (Decoder decoder = EndToEnd.model(golden, "reward", false)) {
            scores = decoder.scores(rows, 4);
        }
        List<Experience> batch = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            int n = rows.get(r).completionLength();
            batch.add(new Experience(
                    new TrajectoryId(r, 0),
                    rows.get(r),
                    n < width ? FinishReason.FINISH_REASON_EOS : FinishReason.FINISH_REASON_LENGTH,
                    logprobs.get(r),
                    logprobs.get(r),
                    reference.get(r),
                    values.get(r),
                    scores[r],
                    new long[n]));
        }
        close(golden, "token_logps", logprobs, width);
        close(golden, "ref_token_logps", reference, width);
        double[] wanted = Golden.doubles(golden.expected().path("scores"));
        for (int r = 0; r < scores.length; r++) {
            assertThat((double) scores[r]).as("score " + r).isCloseTo(wanted[r], within(1e-4));
        }
        return batch;
    }

    private static void close(Golden.Case golden, String name, List<float[]> rows, int width) {
        double[][] wide = new double[rows.size()][];
        for (int r = 0; r < wide.length; r++) {
            wide[r] = new double[rows.get(r).length];
            for (int t = 0; t < wide[r].length; t++) {
                wide[r][t] = rows.get(r)[t];
            }
        }
        close(golden, name, wide, width);
    }

    private static void close(Golden.Case golden, String name, double[][] rows, int width) {
        double[] wanted = Golden.doubles(golden.expected().path(name));
        for (int r = 0; r < rows.length; r++) {
            for (int t = 0; t < rows[r].length; t++) {
                assertThat(rows[r][t]).as(name + r + "," + t).isCloseTo(wanted[r * width + t], within(1e-4));
            }
        }
    }
}
