package dev.troupe.train.update;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.Decoder;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.train.algorithm.Algorithm;
import dev.troupe.train.algorithm.Check;
import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.Grpo;
import dev.troupe.train.algorithm.KlControl;
import dev.troupe.train.algorithm.Loss;
import dev.troupe.train.algorithm.Needs;
import dev.troupe.train.algorithm.OffPolicy;
import dev.troupe.train.algorithm.Overlong;
import dev.troupe.train.algorithm.Rloo;
import dev.troupe.train.algorithm.Targets;
import dev.troupe.train.golden.EndToEnd;
import dev.troupe.train.golden.Golden;
import dev.troupe.train.loss.KlEstimator;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.optim.TrainedModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Three optimizer steps of TRL's RLOO and GRPO on a tiny Llama, from given advantages, whole and in micro-batches. */
class GroupedUpdateGoldenTest {
    private static final Set<String> ALGORITHMS = Set.of("rloo", "grpo");

    static Stream<Golden.Case> cases() {
        return Golden.cases(
                "e2e of grouped algorithms",
                c -> c.kind().equals("e2e")
                        && ALGORITHMS.contains(c.json().path("algorithm").asText()));
    }

    /** An algorithm whose advantages the case gives. */
    private record Given(Algorithm algorithm, double[] advantages) implements Algorithm {
        @Override
        public String name() {
            return algorithm.name();
        }

        @Override
        public Needs needs() {
            return algorithm.needs();
        }

        @Override
        public double klCoef() {
            return algorithm.klCoef();
        }

        @Override
        public Targets targets(List<Experience> batch, double klCoef) {
            return Targets.ofCompletions(batch, advantages, Map.of());
        }

        @Override
        public Loss loss() {
            return algorithm.loss();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void threeSteps(Golden.Case golden) {
        for (int microBatch : new int[] {8, 3}) {
            try (TensorThread thread = TensorThread.start("policy", 1)) {
                threeSteps(golden, microBatch, thread);
            }
        }
    }

    private static void threeSteps(Golden.Case golden, int microBatch, TensorThread thread) {
        Decoder decoder = thread.call(() -> EndToEnd.model(golden, "policy", true));
        double temperature = golden.hyper().path("temperature").asDouble();
        List<Experience> batch = thread.call(() -> experience(golden, decoder, temperature));
        Algorithm algorithm = new Given(
                algorithm(golden), Golden.doubles(golden.json().path("inputs").path("advantages")));
        TrainedModel policy = TrainedModel.of("policy", decoder, EndToEnd.adam(golden), thread);
        PolicyUpdate update = new PolicyUpdate(
                algorithm,
                OffPolicy.NONE,
                KlControl.fixed(algorithm.klCoef()),
                new UpdateSettings(
                        EndToEnd.steps(golden),
                        1,
                        microBatch,
                        1,
                        1,
                        EndToEnd.clip(golden),
                        temperature,
                        Double.POSITIVE_INFINITY,
                        0),
                new Schedule(Schedule.Kind.CONSTANT, 0, 1),
                new PolicyUpdate.Learner(policy, EndToEnd.rate(golden)),
                null);
        List<Double> losses = new ArrayList<>();
        List<Double> norms = new ArrayList<>();
        update.beforeEachStep((statistics, none, norm) -> {
            losses.add(Objects.requireNonNull(statistics.get("loss")));
            norms.add(norm);
            if (losses.size() == 1) {
                EndToEnd.checkFirstGradients(golden, "", thread.call(decoder::exportGradients));
            }
        });
        UpdateResult result = update.run(0, batch);
        assertThat(result.fault()).isNull();
        EndToEnd.checkLosses(golden, losses);
        EndToEnd.checkNorms(golden, norms);
        EndToEnd.checkParameters(golden, "", thread.call(decoder::export));
        policy.close();
        thread.run(decoder::close);
    }

    private static Algorithm algorithm(Golden.Case golden) {
        var h = golden.hyper();
        double low = h.path("epsilon_low").asDouble();
        double high = h.path("epsilon_high").asDouble();
        if (golden.json().path("algorithm").asText().equals("rloo")) {
            return new Rloo(0, low, high, false, -1e9, 1e9, 0);
        }
        return new Grpo(
                "grpo",
                Check.oneOf(
                        Grpo.LossType.class, "loss_type", h.path("loss_type").asText()),
                Grpo.ScaleRewards.GROUP,
                Map.of(),
                h.path("beta").asDouble(),
                KlEstimator.K3,
                h.path("use_bias_correction_kl").asBoolean(),
                low,
                high,
                Double.POSITIVE_INFINITY,
                false,
                Double.POSITIVE_INFINITY,
                0,
                false,
                new Overlong(0, 0),
                0,
                golden.columns("completion_ids"),
                Map.of());
    }

    private static List<Experience> experience(Golden.Case golden, Decoder policy, double temperature) {
        int width = golden.columns("completion_ids");
        int[] prompts = golden.inputInts("prompt_ids");
        int[] completions = golden.inputInts("completion_ids");
        List<TokenRow> rows = new ArrayList<>();
        for (int r = 0; r < completions.length / width; r++) {
            rows.add(TokenRow.of(
                    EndToEnd.withoutPadding(prompts, golden.columns("prompt_ids"), r),
                    EndToEnd.withoutPadding(completions, width, r)));
        }
        List<float[]> old = policy.logprobs(rows, temperature, 4);
        List<float[]> reference;
        try (Decoder decoder = EndToEnd.model(golden, "reference", false)) {
            reference = decoder.logprobs(rows, temperature, 4);
        }
        List<Experience> batch = new ArrayList<>();
        for (int r = 0; r < rows.size(); r++) {
            int n = rows.get(r).completionLength();
            batch.add(new Experience(
                    new TrajectoryId(r / 4, r % 4),
                    rows.get(r),
                    FinishReason.FINISH_REASON_EOS,
                    old.get(r),
                    old.get(r),
                    reference.get(r),
                    new float[0],
                    0,
                    new long[n]));
        }
        return batch;
    }
}
