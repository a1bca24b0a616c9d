package dev.troupe.train.update;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.Decoder;
import dev.troupe.model.SoftTargets;
import dev.troupe.model.TensorThread;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.train.algorithm.Distillation;
import dev.troupe.train.algorithm.Experience;
import dev.troupe.train.algorithm.Gkd;
import dev.troupe.train.algorithm.KlControl;
import dev.troupe.train.algorithm.OffPolicy;
import dev.troupe.train.golden.EndToEnd;
import dev.troupe.train.golden.Golden;
import dev.troupe.train.optim.Schedule;
import dev.troupe.train.optim.TrainedModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Three optimizer steps of TRL's GKD on a tiny Llama with another as its teacher, whole and in micro-batches. */
class GkdUpdateGoldenTest {
    private static final int IGNORED = -100;

    static Stream<Golden.Case> cases() {
        return Golden.cases(
                "e2e of gkd",
                c -> c.kind().equals("e2e")
                        && c.json().path("algorithm").asText().equals("gkd"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void threeSteps(Golden.Case golden) {
        for (int microBatch : new int[] {3, 2}) {
            try (TensorThread thread = TensorThread.start("policy", 1)) {
                threeSteps(golden, microBatch, thread);
            }
        }
    }

    private static void threeSteps(Golden.Case golden, int microBatch, TensorThread thread) {
        Decoder decoder = thread.call(() -> EndToEnd.model(golden, "policy", true));
        List<Experience> batch = thread.call(() -> experience(golden));
        double temperature = golden.hyper().path("temperature").asDouble();
        Gkd gkd = new Gkd(new Distillation(golden.hyper().path("beta").asDouble(), 0, temperature, 1, false));
        TrainedModel policy = TrainedModel.of("policy", decoder, EndToEnd.adam(golden), thread);
        PolicyUpdate update = new PolicyUpdate(
                gkd,
                OffPolicy.NONE,
                KlControl.fixed(0),
                new UpdateSettings(
                        EndToEnd.steps(golden),
                        1,
                        microBatch,
                        1,
                        1,
                        EndToEnd.clip(golden),
                        0.9,
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
        assertThat(result.metrics()).containsKeys("policy/entropy_avg", "objective/scores", "loss/policy_avg");
        EndToEnd.checkLosses(golden, losses);
        EndToEnd.checkNorms(golden, norms);
        EndToEnd.checkParameters(golden, "", thread.call(decoder::export));
        policy.close();
        thread.run(decoder::close);
    }

    /** The prompt of a row ends where its labels begin. */
    private static List<Experience> experience(Golden.Case golden) {
        int width = golden.columns("input_ids");
        int[] ids = golden.inputInts("input_ids");
        int[] labels = golden.inputInts("labels");
        List<Experience> batch = new ArrayList<>();
        try (Decoder teacher = EndToEnd.model(golden, "teacher", false)) {
            for (int r = 0; r < ids.length / width; r++) {
                int[] tokens = EndToEnd.withoutPadding(ids, width, r);
                int[] wanted = Arrays.copyOfRange(labels, r * width, (r + 1) * width);
                int prompt = 0;
                while (wanted[prompt] == IGNORED) {
                    prompt++;
                }
                TokenRow row = new TokenRow(tokens, prompt);
                List<SoftTargets> parts = new ArrayList<>();
                teacher.softTargets(List.of(row), 0, 1, (one, first, part) -> parts.add(part));
                assertThat(parts).hasSize(1);
                int n = row.completionLength();
                batch.add(new Experience(
                        new TrajectoryId(r, 0),
                        row,
                        FinishReason.FINISH_REASON_EOS,
                        new float[n],
                        new float[n],
                        new float[0],
                        new float[0],
                        0,
                        Map.of(),
                        new long[n],
                        parts.get(0)));
            }
        }
        return batch;
    }
}
