package dev.troupe.deploy.cli;

import com.typesafe.config.Config;
import dev.troupe.deploy.settings.MemoryEstimate;
import dev.troupe.deploy.settings.Settings;
import dev.troupe.train.TrainSettings;
import dev.troupe.train.update.UpdateSettings;
import java.util.Locale;

/** What a run's settings mean: each with where it comes from, the numbers that follow, the memory each role needs. */
final class Explanation {
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
        if (!TrainSettings.from(config).online()) {
            line(
                    "algorithm %s: %d steps of %d rows",
                    algorithm, config.getInt("steps"), config.getInt("batch.prompts"));
            return;
        }
        long prompts = config.getLong("batch.prompts");
        long generations = config.getLong("num_generations");
        long batch = prompts * generations;
        UpdateSettings update = TrainSettings.update(config, 1);
        long optimizer = update.optimizerSteps();
        long steps = config.getLong("steps");
        long eta = config.getLong("staleness.max");
        long tokens = config.getLong("max_new_tokens");
        line(
                "1 step = %d prompts x %d = %d trajectories = %d optimizer steps (%d epochs x %d mini-batches)",
                prompts, generations, batch, optimizer, update.epochs(), update.miniBatches());
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
                "%n# memory, estimated (dtype %s%s; a JVM with its natives is %s more)",
                config.getString("dtype"),
                config.getBoolean("model.gradient_checkpointing") ? ", gradient checkpointing" : "",
                mb(MemoryEstimate.PROCESS));
        MemoryEstimate estimate = MemoryEstimate.of(config);
        for (MemoryEstimate.Role role : estimate.roles()) {
            line(
                    "%-24s %10s  weights %s, optimizer %s, KV cache %s, activations %s",
                    role.name(),
                    mb(role.bytes()),
                    mb(role.weights()),
                    mb(role.optimizer()),
                    mb(role.cache()),
                    mb(role.activations()));
        }
        int processes = estimate.processes();
        line(
                "%-24s %10s in one process%s",
                "together",
                mb(estimate.together(1)),
                processes == 1 ? "" : ", " + mb(estimate.together(processes)) + " over " + processes + " processes");
    }

    private static String mb(long bytes) {
        return String.format(Locale.ROOT, "%.1f MB", bytes / 1048576.0);
    }

    private void line(String format, Object... arguments) {
        out.append(String.format(Locale.ROOT, format + "%n", arguments));
    }
}
