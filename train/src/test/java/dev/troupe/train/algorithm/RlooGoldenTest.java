package dev.troupe.train.algorithm;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.DataType;
import dev.troupe.train.golden.Golden;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** RLOO's advantages, loss and gradient, executed by TRL's own lines. */
class RlooGoldenTest {
    static Stream<Golden.Case> cases() {
        return Golden.cases("loss/rloo", c -> c.kind().equals("loss/rloo"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void advantagesLossAndGradient(Golden.Case golden) {
        var h = golden.hyper();
        boolean clips = h.path("reward_clip_range").isArray();
        Rloo rloo = new Rloo(
                h.get("beta").asDouble(),
                h.get("epsilon_low").asDouble(),
                h.get("epsilon_high").asDouble(),
                h.get("normalize_advantages").asBoolean(),
                clips ? h.path("reward_clip_range").path(0).asDouble() : Double.NEGATIVE_INFINITY,
                clips ? h.path("reward_clip_range").path(1).asDouble() : Double.POSITIVE_INFINITY,
                0);
        LossCase c = new LossCase(golden, "completion_mask");
        double[][] old = c.numbers("old_token_logps");
        List<Experience> batch = c.experience(
                old,
                old,
                c.numbers("ref_token_logps"),
                Rewards.weighted(golden),
                h.get("num_generations").asInt());
        Targets targets = rloo.targets(batch, rloo.klCoef());
        golden.check(
                "advantages",
                Stream.of(targets.advantages()).mapToDouble(a -> a[0]).toArray());
        for (int microBatch : new int[] {12, 5}) {
            LossCase.Answer answer = c.loss(
                    rloo,
                    OffPolicy.NONE,
                    batch,
                    targets,
                    c.numbers("token_logps"),
                    c.numbers("entropies"),
                    DataType.FLOAT32,
                    microBatch);
            golden.check("loss", Objects.requireNonNull(answer.numbers().get("loss")));
            golden.check("grad_token_logps", answer.gradient());
            Rewards.checkMetrics(golden, answer);
        }
        assertThat(batch).hasSize(12);
    }
}
