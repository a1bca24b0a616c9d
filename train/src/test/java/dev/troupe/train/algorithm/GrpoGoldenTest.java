package dev.troupe.train.algorithm;

import ai.djl.ndarray.types.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import dev.troupe.experience.TrajectoryId;
import dev.troupe.model.TokenRow;
import dev.troupe.proto.v1.FinishReason;
import dev.troupe.train.golden.Golden;
import dev.troupe.train.loss.KlEstimator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Advantages, losses, importance weights and gradients of GRPO and its kin, executed by TRL's own code. */
class GrpoGoldenTest {
    static Stream<Golden.Case> advantages() {
        return of("loss/grpo-advantage");
    }

    static Stream<Golden.Case> losses() {
        return of("loss/grpo");
    }

    static Stream<Golden.Case> corrected() {
        return of("loss/grpo-is");
    }

    private static Stream<Golden.Case> of(String kind) {
        return Golden.cases(kind, c -> c.kind().equals(kind));
    }

    @ParameterizedTest
    @MethodSource("advantages")
    void advantages(Golden.Case golden) {
        JsonNode h = golden.hyper();
        int k = h.get("num_generations").asInt();
        double[][] each = Rewards.perFunction(golden);
        double[] weights = Golden.doubles(h.path("reward_weights"));
        Map<String, Double> apart = new TreeMap<>();
        if (h.get("multi_objective_aggregation").asText().equals("normalize_then_sum")) {
            for (int f = 0; f < weights.length; f++) {
                apart.put("f" + f, weights[f]);
            }
        }
        double[] scores = Rewards.weighted(golden);
        List<Experience> batch = new ArrayList<>();
        for (int r = 0; r < each.length; r++) {
            Map<String, Float> rewards = new TreeMap<>();
            for (int f = 0; f < weights.length; f++) {
                rewards.put("f" + f, (float) each[r][f]);
            }
            batch.add(new Experience(
                    new TrajectoryId(r / k, r % k),
                    TokenRow.of(new int[] {1}, new int[] {2}),
                    FinishReason.FINISH_REASON_EOS,
                    new float[1],
                    new float[1],
                    new float[0],
                    new float[0],
                    (float) scores[r],
                    rewards,
                    new long[1],
                    null));
        }
        Targets targets =
                grpo("grpo", h.get("scale_rewards").asText(), apart, h, 0).targets(batch, 0);
        golden.check(
                "advantages",
                Arrays.stream(targets.advantages()).mapToDouble(a -> a[0]).toArray());
    }

    @ParameterizedTest
    @MethodSource("losses")
    void lossAndGradient(Golden.Case golden) {
        JsonNode h = golden.hyper();
        Grpo grpo = grpo(
                h.get("loss_type").asText(),
                "group",
                Map.of(),
                h,
                h.get("max_completion_length").asInt());
        LossCase c = new LossCase(golden, "completion_mask");
        double[][] current = c.numbers("token_logps");
        double[][] old = golden.json().path("inputs").has("old_token_logps") ? c.numbers("old_token_logps") : current;
        check(golden, grpo, OffPolicy.NONE, c, old, old, current);
    }

    @ParameterizedTest
    @MethodSource("corrected")
    void importanceWeightsLossAndGradient(Golden.Case golden) {
        JsonNode h = golden.hyper();
        Grpo grpo = grpo(h.get("loss_type").asText(), "group", Map.of(), h, 0);
        String[] mode = h.get("mode").asText().split("_", 2);
        OffPolicy is = new OffPolicy(
                OffPolicy.Kind.TRUNCATED_IS,
                Check.oneOf(OffPolicy.Level.class, "level", mode[0]),
                Check.oneOf(OffPolicy.Mode.class, "mode", mode[1]),
                h.path("clip_min").asDouble(0),
                h.path("clip_max").asDouble(),
                OffPolicy.Proximal.RECOMPUTE,
                1,
                1);
        LossCase c = new LossCase(golden, "completion_mask");
        double[][] behaviour = c.numbers("sampler_token_logps");
        double[][] proximal = c.numbers("old_token_logps");
        double[][] weights = new double[c.rows()][];
        for (int r = 0; r < weights.length; r++) {
            weights[r] = is.weights(behaviour[r], proximal[r]);
        }
        boolean sequence = mode[0].equals("sequence");
        golden.check(
                "ratio",
                sequence ? Stream.of(weights).mapToDouble(w -> w[0]).toArray() : c.withPadding("ratio", weights));
        check(golden, grpo, is, c, behaviour, proximal, c.numbers("token_logps"));
    }

    private static void check(
            Golden.Case golden,
            Grpo grpo,
            OffPolicy offPolicy,
            LossCase c,
            double[][] behaviour,
            double[][] proximal,
            double[][] current) {
        JsonNode inputs = golden.json().path("inputs");
        double[][] reference = inputs.has("ref_token_logps") ? c.numbers("ref_token_logps") : new double[0][];
        List<Experience> batch = c.experience(behaviour, proximal, reference, new double[c.rows()], c.rows());
        Targets targets = Targets.ofCompletions(batch, Golden.doubles(inputs.path("advantages")), Map.of());
        double[][] entropy = inputs.has("entropies") ? c.numbers("entropies") : current;
        for (int microBatch : new int[] {c.rows(), 3}) {
            LossCase.Answer answer =
                    c.loss(grpo, offPolicy, batch, targets, current, entropy, DataType.FLOAT32, microBatch);
            golden.check("loss", Objects.requireNonNull(answer.numbers().get("loss")));
            golden.check("grad_token_logps", answer.gradient());
            if (golden.expected().has("metrics")) {
                Rewards.checkMetrics(golden, answer);
            }
        }
    }

    private static Grpo grpo(String lossType, String scale, Map<String, Double> apart, JsonNode h, int maxNewTokens) {
        Map<String, Double> shape = new java.util.HashMap<>();
        for (String name : List.of(
                "sapo_temperature_pos",
                "sapo_temperature_neg",
                "vespo_k_pos",
                "vespo_lambda_pos",
                "vespo_k_neg",
                "vespo_lambda_neg")) {
            shape.put(name, h.path(name).asDouble(1));
        }
        return new Grpo(
                "grpo",
                Check.oneOf(Grpo.LossType.class, "loss_type", lossType),
                Check.oneOf(Grpo.ScaleRewards.class, "scale_rewards", scale),
                apart,
                h.path("beta").asDouble(0),
                KlEstimator.K3,
                h.path("use_bias_correction_kl").asBoolean(true),
                h.path("epsilon_low").asDouble(0.2),
                h.path("epsilon_high").asDouble(0.2),
                Optional.ofNullable(h.get("delta"))
                        .filter(JsonNode::isNumber)
                        .map(JsonNode::asDouble)
                        .orElse(Double.POSITIVE_INFINITY),
                h.path("importance_sampling_level").asText("token").equals("sequence"),
                Optional.ofNullable(h.get("off_policy_mask_threshold"))
                        .filter(JsonNode::isNumber)
                        .map(JsonNode::asDouble)
                        .orElse(Double.POSITIVE_INFINITY),
                h.path("entropy_coef").asDouble(0),
                false,
                new Overlong(0, 0),
                0,
                maxNewTokens,
                shape);
    }
}
