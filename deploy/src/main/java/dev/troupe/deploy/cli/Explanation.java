package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import dev.troupe.deploy.settings.Models;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.deploy.settings.SettingsException;
import dev.troupe.model.ModelConfig;
import java.util.Locale;

/** What a run's settings mean: each with where it comes from, the numbers that follow, the memory each role needs. */
final class Explanation {
    private static final long FLOAT = 4;
    /** A JVM with libtorch, Akka and Aeron loaded and no model, measured. */
    private static final long PROCESS = 450L << 20;

    private final StringBuilder out = new StringBuilder();
    private final Settings settings;
    private final Config config;

    private Explanation(Settings settings) {
        this.settings = settings;
        this.config = settings.config();
    }

    /** The text to print. */
    static String of(Settings settings) {
        Explanation e = new Explanation(settings);
        e.settings();
        e.numbers();
        e.memory();
        return e.out.toString();
    }

    private void settings() {
        line("# %s, resolved", settings.name());
        int width = settings.keys().stream().mapToInt(String::length).max().orElse(1);
        for (String key : settings.keys()) {
            line("%-" + width + "s = %-24s # %s", key, settings.value(key), settings.source(key));
        }
    }

    private void numbers() {
        String algorithm = config.getString("algorithm");
        line("%n# what follows from them");
        if (!algorithm.equals("ppo")) {
            line(
                    "algorithm %s: %d steps of %d rows",
                    algorithm, config.getInt("steps"), config.getInt("batch.prompts"));
            return;
        }
        long prompts = config.getLong("batch.prompts");
        long generations = config.getLong("num_generations");
        long batch = prompts * generations;
        long optimizer = config.getLong("num_ppo_epochs") * config.getLong("num_mini_batches");
        long steps = config.getLong("steps");
        long eta = config.getLong("staleness.max");
        long tokens = config.getLong("max_new_tokens");
        line(
                "1 step = %d prompts x %d = %d trajectories = %d optimizer steps (%d epochs x %d mini-batches)",
                prompts,
                generations,
                batch,
                optimizer,
                config.getLong("num_ppo_epochs"),
                config.getLong("num_mini_batches"));
        line(
                "1 run = %d steps = %d trajectories = %d optimizer steps, at most %d tokens",
                steps, steps * batch, steps * optimizer, steps * batch * tokens);
        line(
                "staleness.max = %d: at most %d trajectories are accepted or running before the first update, %s",
                eta,
                (eta + 1) * batch,
                eta == 0 ? "so generation and training take turns" : "so generation goes on while the learner trains");
        line(
                "1 mini-batch = %d trajectories in %d passes of at most %d rows",
                batch / config.getLong("num_mini_batches"),
                ceil(batch / config.getLong("num_mini_batches"), config.getLong("micro_batch")),
                config.getLong("micro_batch"));
    }

    private static long ceil(long a, long b) {
        return (a + b - 1) / b;
    }

    private void memory() {
        line(
                "%n# memory, estimated (weights, optimizer, caches and the largest pass; a JVM with its natives is %s)",
                mb(PROCESS));
        ModelConfig policy = model("model.policy");
        long micro = config.getLong("micro_batch");
        if (!config.getString("algorithm").equals("ppo")) {
            long learner = role("learner", policy, 4, 0, trained(policy, micro, config.getLong("offline.max_length")));
            line("%-24s %10s in one process", "together", mb(learner + PROCESS));
            return;
        }
        long context = config.getLong("rollout.context");
        long length = context == 0 ? policy.maxPositions() : Math.min(context, policy.maxPositions());
        boolean rule = config.getString("reward.kind").equals("rule");
        ModelConfig value = config.getIsNull("model.value") ? policy : model("model.value");
        ModelConfig reference = config.getIsNull("model.reference") ? policy : model("model.reference");
        int replicas = config.getInt("rollout.replicas");
        long rows = config.getLong("scoring.batch");
        long cache = 2
                * FLOAT
                * config.getLong("rollout.slots")
                * length
                * policy.layers()
                * policy.kvHeads()
                * policy.headDim();
        // Weights, gradients, two moments, and the copy that a skipped update goes back to.
        long all = role("learner: policy", policy, 5, 0, trained(policy, micro, length))
                + role("learner: value", value, 5, 0, trained(value, micro, length))
                + replicas * role("rollout, each of " + replicas, policy, 2, cache, 0)
                + role("reference", reference, 1, 0, scored(reference, rows, length))
                + role("value actor", value, 2, 0, scored(value, rows, length));
        if (!rule) {
            ModelConfig reward = model("model.reward");
            all += role("reward", reward, 1, 0, scored(reward, config.getLong("reward.batch"), length));
        }
        line(
                "%-24s %10s in one process, %s over %d processes",
                "together", mb(all + PROCESS), mb(all + (4 + replicas) * PROCESS), 4 + replicas);
    }

    private ModelConfig model(String key) {
        if (config.getIsNull(key)) {
            throw new SettingsException(key + " = null: expected a model for the memory estimate");
        }
        String name = config.getString(key);
        return key.equals("model.policy") && name.equals(Models.NEW)
                ? Models.newShape(config)
                : ModelConfig.read(Models.folder(key, name).resolve("config.json"));
    }

    /** Bytes of a pass that keeps what the backward pass needs of every layer, and the logits with their gradient. */
    private static long trained(ModelConfig m, long rows, long length) {
        long tokens = rows * Math.min(length, m.maxPositions());
        return FLOAT * tokens * (m.layers() * (8L * m.hidden() + 3L * m.intermediate()) + 2L * m.vocabulary());
    }

    /** Bytes of a pass that keeps one layer. */
    private static long scored(ModelConfig m, long rows, long length) {
        long tokens = rows * Math.min(length, m.maxPositions());
        return FLOAT * tokens * (8L * m.hidden() + 3L * m.intermediate() + 2L * m.vocabulary());
    }

    /** @param copies of the weights: gradients and optimizer moments count as such */
    private long role(String name, ModelConfig m, int copies, long cache, long pass) {
        long weights = copies * FLOAT * parameters(m);
        long bytes = weights + cache + pass;
        line("%-24s %10s  weights %s, cache %s, pass %s", name, mb(bytes), mb(weights), mb(cache), mb(pass));
        return bytes;
    }

    /** Parameters of a decoder; biases are too few to count. */
    static long parameters(ModelConfig m) {
        long attention = 2L * m.hidden() * m.heads() * m.headDim() + 2L * m.hidden() * m.kvHeads() * m.headDim();
        long layer = attention + 3L * m.hidden() * m.intermediate() + 2L * m.hidden();
        long embeddings = (long) m.vocabulary() * m.hidden() * (m.tied() || m.scoreHead() ? 1 : 2);
        return m.layers() * layer + embeddings + m.hidden();
    }

    private static String mb(long bytes) {
        return String.format(Locale.ROOT, "%.1f MB", bytes / 1048576.0);
    }

    private void line(String format, Object... arguments) {
        out.append(String.format(Locale.ROOT, format + "%n", arguments));
    }
}
