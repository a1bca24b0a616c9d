package dev.troupe.train.algorithm;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.train.loss.KlEstimator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The online algorithms by the name that {@code algorithm} has in the settings. A new one is a class and a line here;
 * if it wants other defaults, a file {@code troupe/algorithm/NAME.conf} beside {@code train.conf}.
 */
public final class Algorithms {
    /** Makes an algorithm of the settings; an error begins with the key. */
    @FunctionalInterface
    interface Reader {
        Algorithm read(Config c, int maxNewTokens, Map<String, Double> rewardWeights);
    }

    private static final Map<String, Reader> TABLE = new TreeMap<>(Map.ofEntries(
            Map.entry("ppo", (c, longest, weights) -> ppo(c, longest)),
            Map.entry("rloo", (c, longest, weights) -> rloo(c)),
            Map.entry("grpo", Algorithms::grpo),
            Map.entry("dr_grpo", Algorithms::grpo),
            Map.entry("dapo", Algorithms::grpo),
            Map.entry("gspo", Algorithms::grpo),
            Map.entry("cispo", Algorithms::grpo),
            Map.entry("reinforce_plus_plus", (c, longest, weights) -> reinforce(c)),
            Map.entry("online_dpo", (c, longest, weights) -> onlineDpo(c)),
            Map.entry("gkd", (c, longest, weights) -> gkd(c))));

    /** All of a step's stand in memory at once. */
    private static final int MOST_TRAJECTORIES = 1 << 20;

    private static final String AGGREGATION = "multi_objective_aggregation";

    /** What it may be. */
    private enum Aggregating {
        SUM_THEN_NORMALIZE,
        NORMALIZE_THEN_SUM
    }

    private Algorithms() {}

    /** The names, sorted. */
    public static List<String> names() {
        return List.copyOf(TABLE.keySet());
    }

    /** What an algorithm puts in place of the defaults, empty for one that is content with them or is none. */
    public static Config preset(String name) {
        return name.matches("[a-z_0-9]+")
                ? ConfigFactory.parseResources(Algorithms.class.getClassLoader(), "troupe/algorithm/" + name + ".conf")
                : ConfigFactory.empty();
    }

    /**
     * The algorithm that the settings name.
     *
     * @param maxNewTokens of the rollouts
     * @param rewardWeights of several rewards by name, empty if there is one
     */
    public static Algorithm of(Config c, int maxNewTokens, Map<String, Double> rewardWeights) {
        return of(TABLE, c, maxNewTokens, rewardWeights);
    }

    /** Of the table's algorithms: a test has one more. */
    static Algorithm of(Map<String, Reader> table, Config c, int maxNewTokens, Map<String, Double> rewardWeights) {
        Reader reader = table.get(c.getString("algorithm"));
        if (reader == null) {
            throw new IllegalArgumentException("algorithm = " + c.getString("algorithm")
                    + ": it is not online; those are " + String.join(", ", table.keySet()));
        }
        Algorithm algorithm = reader.read(c, maxNewTokens, rewardWeights);
        requireFits(algorithm, c);
        return algorithm;
    }

    /** The correction for stale samples that the settings name. */
    public static OffPolicy offPolicy(Config c) {
        OffPolicy.Kind kind =
                Check.oneOf(OffPolicy.Kind.class, "off_policy.correction", c.getString("off_policy.correction"));
        return new OffPolicy(
                kind,
                Check.oneOf(OffPolicy.Level.class, "off_policy.level", c.getString("off_policy.level")),
                Check.oneOf(OffPolicy.Mode.class, "off_policy.mode", c.getString("off_policy.mode")),
                c.getDouble("off_policy.min"),
                c.getDouble("off_policy.cap"),
                Check.oneOf(OffPolicy.Proximal.class, "off_policy.proximal", c.getString("off_policy.proximal")),
                c.getDouble("vtrace.rho_bar"),
                c.getDouble("vtrace.c_bar"));
    }

    /** The control of the KL's coefficient. */
    public static KlControl kl(Config c, Algorithm algorithm) {
        return c.getIsNull("kl.target")
                ? KlControl.fixed(algorithm.klCoef())
                : KlControl.adaptive(algorithm.klCoef(), c.getDouble("kl.target"), c.getDouble("kl.horizon"));
    }

    private static void requireFits(Algorithm algorithm, Config c) {
        offPolicy(c).requireFits(algorithm);
        Needs needs = algorithm.needs();
        int members = c.getInt("num_generations");
        if (needs.pairs() && members != 2) {
            throw new IllegalArgumentException(
                    "num_generations = " + members + ": " + algorithm.name() + " compares pairs; expected 2");
        }
        if (needs.groups() && members < needs.leastMembers()) {
            throw new IllegalArgumentException("num_generations = " + members + ": " + algorithm.name()
                    + " compares completions of the same prompt; expected at least " + needs.leastMembers());
        }
        if (partsApart(c) && !(algorithm instanceof Grpo)) {
            throw new IllegalArgumentException(AGGREGATION + " = normalize_then_sum: " + algorithm.name()
                    + " is not of the grpo family; expected sum_then_normalize");
        }
        if (!needs.groups() && c.getBoolean("dynamic_sampling")) {
            throw new IllegalArgumentException("dynamic_sampling = true: " + algorithm.name() + " trains trajectories"
                    + " one by one and has no groups whose rewards could be compared; expected false");
        }
        if (!c.getIsNull("kl.target") && algorithm.klCoef() == 0) {
            throw new IllegalArgumentException("kl.target = " + c.getDouble("kl.target") + ": " + algorithm.name()
                    + " has no KL whose coefficient could follow it; expected null, or a coefficient above 0");
        }
        if (!c.getIsNull("early_stop_kl") && needs.teacher() != null) {
            throw new IllegalArgumentException("early_stop_kl = " + c.getDouble("early_stop_kl") + ": "
                    + algorithm.name() + " has no ratio to watch; expected null");
        }
        OffPolicy offPolicy = offPolicy(c);
        if (offPolicy.weighs()
                && offPolicy.level() == OffPolicy.Level.SEQUENCE
                && algorithm instanceof Grpo grpo
                && grpo.lossType() == Grpo.LossType.VESPO) {
            throw new IllegalArgumentException("off_policy.level = sequence: loss_type = vespo multiplies the weights"
                    + " of a completion's tokens itself; expected token");
        }
        int prompts = c.getInt("batch.prompts");
        int parts = c.getInt("num_mini_batches");
        if (needs.groups() && prompts % parts != 0) {
            throw new IllegalArgumentException("num_mini_batches = " + parts + ": it would cut a group, for a step has "
                    + prompts + " prompts; expected a divisor of batch.prompts");
        }
        long trajectories = (long) prompts * c.getInt("num_generations");
        if (trajectories > MOST_TRAJECTORIES) {
            throw new IllegalArgumentException("batch.prompts = " + prompts + ": with num_generations = "
                    + c.getInt("num_generations") + " a step has " + trajectories + " trajectories; expected at most "
                    + MOST_TRAJECTORIES);
        }
        if (parts > trajectories) {
            throw new IllegalArgumentException("num_mini_batches = " + parts + ": a step has " + trajectories
                    + " trajectories (batch.prompts x num_generations); expected at most that");
        }
        if (needs.pairs() && c.getInt("micro_batch") < 2) {
            throw new IllegalArgumentException("micro_batch = " + c.getInt("micro_batch") + ": " + algorithm.name()
                    + " sees two completions at once; expected at least 2");
        }
    }

    private static Algorithm ppo(Config c, int maxNewTokens) {
        return new Ppo(
                c.getDouble("kl_coef"),
                KlEstimator.of(c.getString("kl_estimator")),
                c.getDouble("cliprange"),
                c.getDouble("gamma"),
                c.getDouble("lam"),
                c.getBoolean("whiten_rewards"),
                missingEos(c),
                maxNewTokens,
                offPolicy(c));
    }

    private static Algorithm rloo(Config c) {
        boolean clips = !c.getIsNull("reward_clip_range");
        List<Double> range = clips ? c.getDoubleList("reward_clip_range") : List.of();
        if (clips && range.size() != 2) {
            throw new IllegalArgumentException("reward_clip_range = " + range + ": expected [LOW, HIGH] or null");
        }
        return new Rloo(
                c.getDouble("beta"),
                c.getDouble("epsilon"),
                epsilonHigh(c),
                c.getBoolean("normalize_advantages"),
                clips ? range.get(0) : Double.NEGATIVE_INFINITY,
                clips ? range.get(1) : Double.POSITIVE_INFINITY,
                missingEos(c));
    }

    private static Algorithm reinforce(Config c) {
        return new ReinforcePlusPlus(
                c.getDouble("kl_coef"),
                KlEstimator.of(c.getString("kl_estimator")),
                c.getDouble("epsilon"),
                epsilonHigh(c),
                c.getBoolean("group_baseline"),
                missingEos(c));
    }

    private static Algorithm onlineDpo(Config c) {
        String type = c.getString("loss_type");
        if (!type.equals("sigmoid") && !type.equals("ipo")) {
            throw new IllegalArgumentException("loss_type = " + type + ": online_dpo has sigmoid and ipo");
        }
        return new OnlineDpo(c.getDouble("beta"), type.equals("ipo"), missingEos(c));
    }

    private static Algorithm gkd(Config c) {
        Distillation asked = new Distillation(
                c.getDouble("beta"),
                c.getInt("teacher.top_k"),
                c.getDouble("teacher.temperature"),
                c.getDouble("lmbda"),
                c.getBoolean("seq_kd"));
        int members = c.getInt("num_generations");
        if (asked.lmbda() < 1 && !asked.sequences() && members > 1) {
            throw new IllegalArgumentException("num_generations = " + members + ": with lmbda below 1 some completions"
                    + " come from the data, which has one for each prompt; expected 1, lmbda = 1 or seq_kd = true");
        }
        return new Gkd(asked);
    }

    private static Algorithm grpo(Config c, int maxNewTokens, Map<String, Double> rewardWeights) {
        String level = c.getString("importance_sampling_level");
        if (!level.equals("token") && !level.equals("sequence")) {
            throw new IllegalArgumentException("importance_sampling_level = " + level + ": expected token or sequence");
        }
        return new Grpo(
                c.getString("algorithm"),
                Check.oneOf(Grpo.LossType.class, "loss_type", c.getString("loss_type")),
                Check.oneOf(Grpo.ScaleRewards.class, "scale_rewards", c.getString("scale_rewards")),
                partsApart(c) ? severalOf(rewardWeights) : Map.of(),
                c.getDouble("beta"),
                KlEstimator.of(c.getString("kl_estimator")),
                c.getBoolean("use_bias_correction_kl"),
                c.getDouble("epsilon"),
                epsilonHigh(c),
                orInfinity(c, "delta"),
                level.equals("sequence"),
                orInfinity(c, "off_policy_mask_threshold"),
                c.getDouble("entropy_coef"),
                c.getBoolean("mask_truncated_completions"),
                new Overlong(maxNewTokens, c.getInt("soft_punish_cache")),
                missingEos(c),
                maxNewTokens,
                Map.of(
                        "sapo_temperature_pos", c.getDouble("sapo_temperature_pos"),
                        "sapo_temperature_neg", c.getDouble("sapo_temperature_neg"),
                        "vespo_k_pos", c.getDouble("vespo_k_pos"),
                        "vespo_lambda_pos", c.getDouble("vespo_lambda_pos"),
                        "vespo_k_neg", c.getDouble("vespo_k_neg"),
                        "vespo_lambda_neg", c.getDouble("vespo_lambda_neg")));
    }

    private static boolean partsApart(Config c) {
        return Check.oneOf(Aggregating.class, AGGREGATION, c.getString(AGGREGATION)) == Aggregating.NORMALIZE_THEN_SUM;
    }

    private static Map<String, Double> severalOf(Map<String, Double> rewardWeights) {
        if (rewardWeights.size() < 2) {
            throw new IllegalArgumentException(AGGREGATION + " = normalize_then_sum: there is but one reward;"
                    + " expected several in reward.parts, or sum_then_normalize");
        }
        return rewardWeights;
    }

    private static double missingEos(Config c) {
        return c.getIsNull("missing_eos_penalty") ? 0 : c.getDouble("missing_eos_penalty");
    }

    private static double epsilonHigh(Config c) {
        return c.getIsNull("epsilon_high") ? c.getDouble("epsilon") : c.getDouble("epsilon_high");
    }

    private static double orInfinity(Config c, String key) {
        return c.getIsNull(key) ? Double.POSITIVE_INFINITY : c.getDouble(key);
    }
}
