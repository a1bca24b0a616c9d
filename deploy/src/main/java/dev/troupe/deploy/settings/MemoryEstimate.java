package dev.troupe.deploy.settings;

import com.typesafe.config.Config;
import dev.troupe.model.Dtype;
import dev.troupe.model.ModelConfig;
import dev.troupe.model.ModelFolder;
import dev.troupe.model.ModelSettings;
import dev.troupe.model.Numerics;
import dev.troupe.reward.RewardPart;
import dev.troupe.reward.RewardSettings;
import dev.troupe.rollout.RolloutSettings;
import dev.troupe.train.TrainSettings;
import dev.troupe.train.algorithm.Distillation;
import dev.troupe.train.algorithm.Needs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a run needs in memory, role by role, reckoned from its settings and its models' shapes before anything is
 * loaded.
 */
public final class MemoryEstimate {
    /** A JVM with libtorch, Akka and Aeron loaded and no model, measured. */
    public static final long PROCESS = 450L << 20;

    private static final Path SYSTEM = Path.of("/proc/meminfo");

    private final Config config;
    private final ModelSettings settings;
    private final List<Role> roles = new ArrayList<>();
    /** Of the online algorithm, null for an offline one. */
    private final @Nullable Needs needs;
    /** Bases that roles share in one process and load again in processes of their own. */
    private long apart;

    /** Bytes that a role needs; {@code count} of them run. */
    public record Role(String name, int count, long weights, long optimizer, long cache, long activations) {
        /** Of one of them. */
        public long bytes() {
            return weights + optimizer + cache + activations;
        }
    }

    private MemoryEstimate(Config config) {
        this.config = config;
        this.settings = ModelSettings.from(config);
        this.needs =
                TrainSettings.from(config).online() ? Settings.algorithm(config).needs() : null;
    }

    /** Of a run with these settings; an error names the key of a model that cannot be read. */
    public static MemoryEstimate of(Config config) {
        MemoryEstimate estimate = new MemoryEstimate(config);
        boolean adapted = estimate.settings.mode() != ModelSettings.Mode.FULL;
        if (estimate.needs != null) {
            if (adapted) {
                estimate.onlineAdapted();
            } else {
                estimate.online();
            }
        } else if (adapted) {
            estimate.offlineAdapted();
        } else {
            estimate.offline();
        }
        return estimate;
    }

    /** The roles that hold a model. */
    public List<Role> roles() {
        return List.copyOf(roles);
    }

    /** JVMs of the run when each role has its own. */
    public int processes() {
        Needs n = needs;
        return n == null
                ? 1
                : 2
                        + (n.reference() ? 1 : 0)
                        + (n.value() ? 1 : 0)
                        + (n.teacher() != null ? 1 : 0)
                        + config.getInt("rollout.replicas");
    }

    /** Everything, over so many JVMs. */
    public long together(int processes) {
        long shared = processes > 1 ? apart : 0;
        return roles.stream().mapToLong(r -> r.count() * r.bytes()).sum() + shared + processes * PROCESS;
    }

    /**
     * Refuses a run that this machine has no room for, before it loads anything.
     *
     * @throws SettingsException with the numbers, and what would need less
     */
    public void requireRoom(int processes) {
        Long available = available();
        long needed = together(processes);
        if (available != null && needed > available) {
            throw new SettingsException("this run needs about " + gb(needed) + " of memory and " + gb(available)
                    + " is available; troupe run --explain shows each role's part. Less is needed with dtype = bf16,"
                    + " model.gradient_checkpointing = true, a smaller micro_batch or rollout.context, or a smaller"
                    + " model");
        }
    }

    /**
     * Refuses a model whose weights alone this machine has no room for, before they are loaded.
     *
     * @param option that names the model
     * @param quantised whether its layers' matrices are to be in four bits
     * @throws SettingsException with the numbers
     */
    public static void requireRoomFor(String option, ModelConfig model, Dtype dtype, boolean quantised) {
        Long available = available();
        long needed = PROCESS + AdapterMemory.base(new ModelMemory(model, new Numerics(dtype, false)), quantised);
        if (available != null && needed > available) {
            throw new SettingsException(option + ": the model's weights alone need about " + gb(needed) + " of memory"
                    + " and " + gb(available) + " is available. Where the command has them, --dtype bf16 and"
                    + " --quantize nf4 need less; or take a smaller model");
        }
    }

    private static String gb(long bytes) {
        return String.format(Locale.ROOT, "%.1f GB", bytes / (double) (1L << 30));
    }

    /** What the system can still give, or null where it does not tell. */
    private static @Nullable Long available() {
        try {
            for (String line : Files.readAllLines(SYSTEM)) {
                if (line.startsWith("MemAvailable:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) << 10;
                }
            }
            return null;
        } catch (IOException e) {
            return null;
        }
    }

    private void offline() {
        ModelMemory m = memory("model.policy");
        long micro = config.getLong("micro_batch");
        // Two threads share a step's rows, each with weights and gradients of its own.
        long twin = m.weights() + 4 * m.parameters();
        roles.add(new Role(
                "learner",
                1,
                m.weights(),
                m.optimizer(false) + twin,
                0,
                2 * m.trained(micro, config.getLong("offline.max_length"))));
    }

    /** Two threads share a base; each has an adapter and its gradients. */
    private void offlineAdapted() {
        AdapterMemory m = AdapterMemory.of(memory("model.policy").model(), settings);
        long activations = m.trained(config.getLong("micro_batch"), config.getLong("offline.max_length"));
        roles.add(new Role("learner", 1, m.base(), m.optimizer(false) + 3 * m.adapted(), 0, 2 * activations));
    }

    /** A base is counted where it is loaded first; in processes of their own the others load it again. */
    private void onlineAdapted() {
        List<RewardPart> rewards = RewardSettings.from(config).models();
        Path start = valueStart(rewards);
        boolean valueApart = !start.equals(absolute("model.policy"));
        AdapterMemory policy = AdapterMemory.of(memory("model.policy").model(), settings);
        AdapterMemory value = AdapterMemory.of(ModelFolder.config(start, settings.ignoredKeys()), settings);
        int length = RolloutSettings.from(config).contextOf(policy.model());
        long micro = config.getLong("micro_batch");
        long rows = config.getLong("scoring.batch");
        roles.add(new Role(
                "learner: policy",
                1,
                policy.base() + policy.adapted(),
                policy.optimizer(true),
                0,
                policy.trained(micro, length)));
        addIf(
                wants(Needs::value),
                new Role(
                        "learner: value",
                        1,
                        (valueApart ? value.base() : 0) + value.adapted(),
                        value.optimizer(true),
                        0,
                        valueActivations(policy.trained(micro, length), value.trained(micro, length))));
        int replicas = config.getInt("rollout.replicas");
        long cache = policy.cache(config.getInt("rollout.slots"), length);
        roles.add(new Role("rollout, each of " + replicas, replicas, 3 * policy.adapted(), 0, cache, 0));
        addIf(policy.packed() > 0, new Role("rollouts' packed base", 1, policy.packed(), 0, 0, 0));
        boolean ownReference = !config.getIsNull("model.reference");
        long reference = ownReference ? memory("model.reference").weights() : 0;
        addIf(wants(Needs::reference), new Role("reference", 1, reference, 0, 0, policy.scored(rows, length)));
        addIf(wants(Needs::value), new Role("value actor", 1, 2 * value.adapted(), 0, 0, value.scored(rows, length)));
        teacher(policy.model().vocabulary(), rows, length);
        int references = wants(Needs::reference) && !ownReference ? 1 : 0;
        apart = (replicas + references) * policy.base() + (wants(Needs::value) ? value.base() : 0);
        apart += (replicas - 1) * policy.packed();
        // The value model, where there is one, starts from the first.
        boolean shared =
                wants(Needs::value) && config.getIsNull("model.value") && settings.mode() == ModelSettings.Mode.LORA;
        for (RewardPart part : rewards) {
            boolean there = shared && part.equals(rewards.get(0));
            ModelMemory reward = memory(part);
            reward(part, there ? 0 : reward.weights(), reward, length);
            apart += there ? reward.weights() : 0;
        }
    }

    private boolean wants(Predicate<Needs> what) {
        Needs n = needs;
        return n != null && what.test(n);
    }

    /** What the value model's pass keeps beside the policy's, or beyond it where they take turns. */
    private long valueActivations(long policy, long value) {
        return TrainSettings.from(config).inTurns() ? Math.max(0, value - policy) : value;
    }

    private void addIf(boolean wanted, Role role) {
        if (wanted) {
            roles.add(role);
        }
    }

    /** A teacher, and in the learner what it said of the trajectories that may wait for their step. */
    private void teacher(int vocabulary, long rows, long length) {
        Needs n = needs;
        Distillation asked = n == null ? null : n.teacher();
        if (asked == null || config.getIsNull("model.teacher")) {
            return; // whoever opens the models says what is missing
        }
        ModelMemory model = memory("model.teacher");
        roles.add(new Role("teacher", 1, model.weights(), 0, 0, model.scored(rows, length)));
        long numbers = asked.topK() == 0 ? vocabulary : 2L * asked.topK() + 1;
        long trajectories = config.getLong("batch.prompts")
                * config.getLong("num_generations")
                * (config.getLong("staleness.max") + 1);
        long tokens = Math.min(config.getLong("max_new_tokens"), length);
        roles.add(new Role("learner: soft targets", 1, 0, 0, 0, trajectories * tokens * numbers * Float.BYTES));
    }

    private void online() {
        ModelMemory policy = memory("model.policy");
        ModelMemory value = config.getIsNull("model.value") ? policy : memory("model.value");
        ModelMemory reference = config.getIsNull("model.reference") ? policy : memory("model.reference");
        int length = RolloutSettings.from(config).contextOf(policy.model());
        long micro = config.getLong("micro_batch");
        long rows = config.getLong("scoring.batch");
        roles.add(new Role(
                "learner: policy", 1, policy.weights(), policy.optimizer(true), 0, policy.trained(micro, length)));
        addIf(
                wants(Needs::value),
                new Role(
                        "learner: value",
                        1,
                        value.weights(),
                        value.optimizer(true),
                        0,
                        valueActivations(policy.trained(micro, length), value.trained(micro, length))));
        int replicas = config.getInt("rollout.replicas");
        long cache = policy.cache(config.getInt("rollout.slots"), length);
        roles.add(new Role("rollout, each of " + replicas, replicas, policy.generating(), 0, cache, 0));
        addIf(
                wants(Needs::reference),
                new Role("reference", 1, reference.weights(), 0, 0, reference.scored(rows, length)));
        addIf(wants(Needs::value), new Role("value actor", 1, 2 * value.weights(), 0, 0, value.scored(rows, length)));
        teacher(policy.model().vocabulary(), rows, length);
        for (RewardPart part : RewardSettings.from(config).models()) {
            ModelMemory reward = memory(part);
            reward(part, reward.weights(), reward, length);
        }
    }

    private void reward(RewardPart part, long weights, ModelMemory model, long length) {
        String name = RewardSettings.from(config).weighted() ? "reward: " + part.name() : "reward";
        roles.add(new Role(name, 1, weights, 0, 0, model.scored(config.getLong("reward.batch"), length)));
    }

    private Path valueStart(List<RewardPart> rewards) {
        if (!config.getIsNull("model.value")) {
            return absolute("model.value");
        }
        return rewards.isEmpty() ? absolute("model.policy") : folder(rewards.get(0));
    }

    private Path absolute(String key) {
        return Models.of(config, key).toAbsolutePath().normalize();
    }

    private static Path folder(RewardPart part) {
        return Models.folder(part.key(), part.what(), "reward").toAbsolutePath().normalize();
    }

    private ModelMemory memory(RewardPart part) {
        return new ModelMemory(ModelFolder.config(folder(part), settings.ignoredKeys()), settings.numerics());
    }

    private ModelMemory memory(String key) {
        if (config.getIsNull(key)) {
            throw new SettingsException(key + " = null: expected a model for the memory estimate");
        }
        String name = config.getString(key);
        ModelConfig model = key.equals("model.policy") && name.equals(Models.NEW)
                ? Models.newShape(config)
                : ModelFolder.config(Models.of(config, key), settings.ignoredKeys());
        return new ModelMemory(model, settings.numerics());
    }
}
